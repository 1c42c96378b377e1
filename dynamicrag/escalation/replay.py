"""Policies on recorded outcomes: every draft that a policy asks for is paid for, and none is run.

All questions take their steps together, as arrays, for policies are tried at many values of λ. A learnt
escalation takes the same steps on a walk, one question at a time; a test holds that.
"""

from dataclasses import dataclass

import numpy as np

from dynamicrag.escalation.base import ABSTAIN, ACCEPT, EscalationPolicy
from dynamicrag.escalation.beliefs import BeliefModel, Marks, Positions
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Played:
    """What a policy came to.

    Attributes:
        accepted: The option whose draft was accepted, or ``ABSTAIN``, (n,).
        first: The option that was run first; -1 for none, (n,).
        tried: Which options were run, (n, k).
        quality: Realised, (n,).
        cost: Of all that was run, (n,).
    """

    accepted: Positions
    first: Positions
    tried: Marks
    quality: Floats
    cost: Floats


def play(
    policy: EscalationPolicy, model: BeliefModel, lessons: TrainingData, lam: float, budget: float = np.inf
) -> Played:
    """Let a policy go through every query; it ends after k steps at the latest.

    Args:
        policy: The policy, trained.
        model: How scores change beliefs.
        lessons: What was recorded.
        lam: Quality that one unit of cost is worth.
        budget: Expected cost that a query may spend.
    """
    rows, k = lessons.quality.shape
    beliefs = model.begin(lessons.prior, lessons.expected, lessons.chain, np.full(rows, budget))
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
        draft = lessons.mends[option]
        option = np.where((draft >= 0) & ~tried[active, np.maximum(draft, 0)], draft, option)
        tried[active, option] = True
        first[active] = np.where(first[active] < 0, option, first[active])
        beliefs = model.learn(
            beliefs.take(~ended), option, lessons.score[active, option], lessons.hopeless[active, option]
        )
    given = lessons.quality[np.arange(rows), np.maximum(accepted, 0)]
    quality = np.where(accepted == ABSTAIN, lessons.unanswerable, given)
    return Played(accepted, first, tried, quality, total(lessons.cost, tried, lessons.chain))


def total(cost: Floats, tried: Marks, chain: Positions) -> Floats:
    """Return the cost of all that was tried, (n,): of a chain, that of the furthest."""
    paid = np.where(tried, cost, 0.0)
    alone = paid[:, chain < 0].sum(axis=1)
    return np.asarray(alone + sum(paid[:, chain == own].max(axis=1) for own in np.unique(chain[chain >= 0])))
