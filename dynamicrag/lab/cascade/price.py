"""Which λ to decide at: what one unit of cost is worth, where nobody says."""

import numpy as np

from dynamicrag.escalation.base import EscalationPolicy
from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.replay import play
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.predictors.checks import Floats

LAMBDAS = 25
"""Points of a curve."""
EVERY = 3
"""Of these, every third is tried on what was learnt from, to choose one."""
LOSS = 0.005
"""Mean quality that may be given up for a lower cost, where one λ is chosen."""


def lambdas(cost: Floats) -> Floats:
    """Return the λ of a curve: from where cost does not matter to where the dearest is worth 10 answers."""
    unit = max(float(cost.mean(axis=0).max()), 1e-12)
    return np.concatenate([[0.0], np.geomspace(0.003, 10, LAMBDAS - 1) / unit])


def choose(
    policy: EscalationPolicy, model: BeliefModel, own: TrainingData, grid: Floats, budget: float = np.inf
) -> int:
    """Return where the highest λ stands that lost no more than :data:`LOSS` of the best quality."""
    gave = np.array([play(policy, model, own, lam, budget).quality.mean() for lam in grid[::EVERY]])
    return EVERY * int(np.flatnonzero(gave >= gave.max() - LOSS)[-1])
