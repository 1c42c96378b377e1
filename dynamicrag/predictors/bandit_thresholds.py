"""Accepting or escalating a draft, with a threshold that learns from feedback."""

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.linucb import LinUCB


@PREDICTORS.register("bandit_thresholds")
class BanditThresholds(LinUCB):
    """Accepts or escalates a draft by upper confidence bounds of the final quality, given its signals.

    The first open direction of the survey "Dynamic Model Routing and Cascading" (2026): response-level
    signals that adapt online. The algorithm is LinUCB, Li et al. 2010 (arXiv 1003.0146), with an intercept,
    on the signals of a draft. Its first option accepts; the others escalate. With ``score``, the position of
    a draft's calibrated probability of being right, it starts from the rule of a threshold: accepting is
    worth the score, escalating is worth ``escalated``, and selection subtracts the extra cost. So a draft is
    accepted if its score is at least ``escalated`` less that cost, until rewards say otherwise. ``fit`` on a
    table of signals starts it from a regression instead.

    Args:
        alpha: α: the spreads added to the estimate.
        ridge: λ: weight of the prior, in observations per unit of a signal.
        discount: γ: the factor on an option's earlier rewards; 1 never forgets.
        score: Position of the calibrated score among the signals; ``None`` starts both options at 0.
        escalated: Expected quality after escalation, before any reward; only with ``score``.
        seed: Not used.
    """

    positions = ("score",)
    when = ("post-generation", "online")
    uses = ("response", "feedback")
    paper = "Dynamic Model Routing and Cascading 2026, section 10; Li et al. 2010, arXiv 1003.0146"

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        ridge: float = 1.0,
        discount: float = 1.0,
        score: int | None = None,
        escalated: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(alpha=alpha, ridge=ridge, discount=discount, seed=seed)
        if score is not None and score < 0:
            raise ValueError(f"score: expected the position of a signal, 0 or more, got {score}")
        if not 0 <= escalated <= 1:
            raise ValueError(f"escalated: expected a quality from 0 to 1, got {escalated}")
        self.score = score
        self.escalated = escalated

    def _start(self, features: int, options: int) -> None:
        super()._start(features, options)
        self.intercept = np.array(1.0)
        level = np.zeros(options)
        if self.score is not None:
            if self.score >= features:
                raise InputError(f"score: there is no signal {self.score}; there are {features}, from 0")
            level[1:] = self.escalated
        self._reset(level)
        if self.score is not None:
            self.prior[0, 1 + self.score] = 1.0
            self.b = self._penalty * self.prior
            self._solve()
