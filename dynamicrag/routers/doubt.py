"""Decides on a draft that passes every threshold: accept it, or redo a stage because it is probably wrong."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.vector import Dimension
from dynamicrag.priors.cascade import redo
from dynamicrag.routers.base import StageContext
from dynamicrag.routers.offer import Offer
from dynamicrag.routers.outlook import Outlook

LEAST_GAIN = 0.02
"""Quality, less cost, that another draft must be expected to add: it takes time, and the user has to wait."""


class Doubt:
    """Weighs another draft against the belief in the present one.

    The belief joins the prior for the question and the model with the signals of the draft. A stage that the
    policy lists under ``escalate.unsure`` is redone if the expected gain exceeds its weighted cost by
    :data:`LEAST_GAIN`.
    """

    def __init__(self, outlook: Outlook, weights: Mapping[Dimension, float]) -> None:
        self._outlook = outlook
        self._weights = weights

    def offer(self, context: StageContext, vector: NDArray[np.float32] | None) -> Offer:
        """Return the estimates of the moves; ``accept`` must be open."""
        accept = context.move("accept")
        assert accept is not None, "the caller has checked it"
        belief = self.belief(context, vector)
        quality = np.full(len(context.options), np.nan)
        price = np.zeros(len(context.options))
        reason = [""] * len(context.options)
        quality[accept] = belief
        for stage in context.settings.get("escalate", {}).get("unsure", ()):
            index = context.move("redo", stage)
            if index is None:
                continue
            quality[index] = self._after(context, vector, stage, belief)
            price[index] = context.expected[index].weighted(context.weights(self._weights)) + LEAST_GAIN
            reason[index] = f"the draft is believed {belief:.2f} right; next, {context.steps[stage][1].name}"
        return Offer(quality, price, np.isfinite(quality).tolist(), reason=reason)

    def belief(self, context: StageContext, vector: NDArray[np.float32] | None) -> float:
        """Return P(the draft is right), by the prior and the draft's signals."""
        knowledge = self._outlook.stages.verification
        prior = float(self._outlook.models(context, vector, [context.plan["generator"].name]).logit[0])
        seen, _ = knowledge.right(context.features)
        return _sigmoid(prior + _logit(seen) - _logit(knowledge.rate))

    def _after(
        self, context: StageContext, vector: NDArray[np.float32] | None, stage: str, belief: float
    ) -> float:
        """Return P(the next draft is right) if a stage is redone with its next stronger option."""
        target, option = context.steps[stage]
        if target == "generator":
            rated = self._outlook.models(context, vector, [context.plan["generator"].name, option.name])
            return redo(self._outlook.pair(rated, 0), belief)
        now, then = self._outlook.stepped(context, target, option)
        return _sigmoid(_logit(belief) + max(0.0, then - now))


def _logit(p: float) -> float:
    p = min(max(p, 1e-3), 1.0 - 1e-3)
    return math.log(p / (1.0 - p))


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))
