"""Policies replayed on recorded drafts at every λ, and the λ that training data choose."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.base import EscalationPolicy
from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.replay import Played, play
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.predictors.checks import Floats

LAMBDAS = 25
"""Points of a curve."""
EVERY = 3
"""Every third λ is tried on the training data, to choose one."""
LOSS = 0.005
"""Mean quality that may be given up for a lower cost when a λ is chosen."""


def lambdas(cost: Floats) -> Floats:
    """Return the λ of a curve: from 0 to where the highest cost of an option is worth ten right answers."""
    unit = max(float(cost.mean(axis=0).max()), 1e-12)
    return np.concatenate([[0.0], np.geomspace(0.003, 10, LAMBDAS - 1) / unit])


def choose_lambda(
    policy: EscalationPolicy, model: BeliefModel, own: TrainingData, grid: Floats, budget: float = np.inf
) -> int:
    """Return the position of the highest λ that loses no more than :data:`LOSS` of the best quality."""
    quality = np.array([play(policy, model, own, lam, budget).quality.mean() for lam in grid[::EVERY]])
    return EVERY * int(np.flatnonzero(quality >= quality.max() - LOSS)[-1])


@dataclass(frozen=True, slots=True)
class Replays:
    """Replays of a policy or baseline on n queries.

    Attributes:
        lam: The λ, (m,).
        played: Outcomes of the queries, with λ as the first axis of every array, (m, n).
        chosen: Position of the λ that was chosen in training, by query, (n,).
    """

    lam: Floats
    played: Played
    chosen: NDArray[np.intp]

    @property
    def at_chosen(self) -> Played:
        """The outcome of each query at the λ chosen for it, (n,)."""
        rows = np.arange(len(self.chosen))
        return Played(*(getattr(self.played, field.name)[self.chosen, rows] for field in fields(Played)))


def stacked(played: Sequence[Played]) -> Played:
    """Return replays as one, with a first axis for them."""
    return Played(*(np.stack([getattr(own, field.name) for own in played]) for field in fields(Played)))


def fixed(trials: Trials, lam: Floats, index: NDArray[np.intp]) -> Replays:
    """Return the replays of options picked beforehand, (m, n): one draft a query, which is accepted."""
    rows = np.arange(len(trials))
    tried = index[..., None] == np.arange(len(trials.options))
    played = Played(index, index, tried, trials.quality[rows, index], trials.cost[rows, index])
    return Replays(lam, played, np.zeros(len(trials), dtype=np.intp))
