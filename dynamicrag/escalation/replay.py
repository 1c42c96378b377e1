"""Replays policies on recorded outcomes: every requested draft is paid for, and none is generated.

All questions take their steps together, as arrays, because policies are evaluated at many values of λ. A
learnt escalation takes the same steps on a walk, one question at a time; a test guarantees this.
"""

from dataclasses import dataclass

import numpy as np

from dynamicrag.escalation.base import ABSTAIN, ACCEPT, EscalationPolicy
from dynamicrag.escalation.beliefs import BeliefModel, Marks, Positions
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Played:
    """The result of a policy.

    Attributes:
        accepted: The option whose draft was accepted, or ``ABSTAIN``, (n,).
        first: The option run first; -1 for none, (n,).
        tried: Whether each option was run, (n, k).
        quality: Realised, (n,).
        cost: Total cost of the run options, (n,).
    """

    accepted: Positions
    first: Positions
    tried: Marks
    quality: Floats
    cost: Floats


def play(
    policy: EscalationPolicy, model: BeliefModel, data: TrainingData, lam: float, budget: float = np.inf
) -> Played:
    """Run a policy on every query; it ends after at most k steps.

    ``lam`` is the quality that one unit of cost is worth, ``budget`` the budget of a query in expected cost.
    """
    rows, k = data.quality.shape
    beliefs = model.begin(data.prior, data.expected, data.chain, np.full(rows, budget))
    accepted = np.full(rows, ABSTAIN, dtype=np.intp)
    first = np.full(rows, -1, dtype=np.intp)
    tried = np.zeros((rows, k), dtype=bool)
    active = np.arange(rows)
    for _ in range(k + 1):
        choice = policy.decide(beliefs, lam)
        ended = choice.step < 0
        accepted[active[ended]] = np.where(choice.step == ACCEPT, choice.draft, ABSTAIN)[ended]
        active, option = active[~ended], choice.step[~ended]
        if not len(active):
            break
        draft = data.mends[option]
        option = np.where((draft >= 0) & ~tried[active, np.maximum(draft, 0)], draft, option)
        tried[active, option] = True
        first[active] = np.where(first[active] < 0, option, first[active])
        beliefs = model.learn(
            beliefs.take(~ended), option, data.score[active, option], data.hopeless[active, option]
        )
    given = data.quality[np.arange(rows), np.maximum(accepted, 0)]
    quality = np.where(accepted == ABSTAIN, data.unanswerable, given)
    return Played(accepted, first, tried, quality, total(data.cost, tried, data.chain))


def total(cost: Floats, tried: Marks, chain: Positions) -> Floats:
    """Return the cost of all tried options, (n,); for a chain, that of the furthest."""
    paid = np.where(tried, cost, 0.0)
    alone = paid[:, chain < 0].sum(axis=1)
    return np.asarray(alone + sum(paid[:, chain == own].max(axis=1) for own in np.unique(chain[chain >= 0])))
