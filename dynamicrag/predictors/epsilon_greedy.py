"""The mean reward of every option, with uniform exploration that decays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN, Estimate
from dynamicrag.predictors.exploration import Exploration
from dynamicrag.predictors.online import Learner


@PREDICTORS.register("epsilon_greedy")
class EpsilonGreedy(Learner):
    """Takes the option with the highest mean reward, and with probability ε any option.

    Sutton and Barto 1998, with the decay of GreenServ's rival, Ziller et al. 2026 (arXiv 2601.17551):
    ``ε = max(least, first · decayᵗ)`` after t rewards. Their code was read: it also tries every option once
    before it compares means; here an untried option keeps its prior, 0 after ``start`` and the mean of the
    others later, and the first ε of 1 tries it. Each row of a table counts as one reward.

    Args:
        first: ε before any reward.
        decay: The factor on ε per reward.
        least: The lower bound of ε.
        seed: Not used: draws take the selection's generator.
    """

    uses = ("feedback",)
    paper = "Sutton and Barto 1998; Ziller et al. 2026, GreenServ, arXiv 2601.17551"
    fitted = ("count", "total", "squares", "level", "steps")
    per_option = (("count", 0), ("total", 0), ("squares", 0), ("level", 0))

    def __init__(
        self, *, first: float = 1.0, decay: float = 0.98, least: float = 0.01, seed: int = 0
    ) -> None:
        super().__init__(seed=seed)
        for name, value in {"first": first, "decay": decay, "least": least}.items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: expected a number from 0 to 1, got {value}")
        self.first = first
        self.decay = decay
        self.least = least

    @property
    def exploration(self) -> Exploration:
        """A uniform draw with probability ε, which decays."""
        return Exploration(epsilon=max(self.least, self.first * self.decay ** float(self.steps)))

    def _start(self, features: int, options: int) -> None:  # noqa: ARG002
        self.count, self.total, self.squares, self.level = np.zeros((4, options))
        self.steps = np.array(0.0)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.count = (~np.isnan(quality)).sum(axis=0).astype(float)
        self.total = np.nansum(quality, axis=0)
        self.squares = np.nansum(quality**2, axis=0)
        self.level = np.zeros(quality.shape[1])
        self.steps = np.array(float(len(quality)))

    def _mean(self) -> Floats:
        known = np.where(self.count > 0, self.count, 1.0)
        return np.where(self.count > 0, self.total / known, self.level)

    def _predict(self, X: Floats) -> Estimate:
        mean = self._mean()
        # one extra, unknown observation keeps few observations from looking certain
        squares = self.squares - self.count * mean**2 + UNKNOWN**2
        spread = np.sqrt(np.maximum(squares, 0.0)) / (self.count + 1.0)
        return Estimate(np.tile(mean, (len(X), 1)), np.tile(spread, (len(X), 1)))

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:  # noqa: ARG002
        self.count[column] += weight
        self.total[column] += weight * reward
        self.squares[column] += weight * reward**2
        self.steps = self.steps + weight

    def _grow(self, quality: Floats) -> None:
        level = self._mean().mean() if np.isnan(quality[0]) else quality[0]
        self.level = np.append(self.level, level)
        self.count, self.total, self.squares = (
            np.append(sums, 0.0) for sums in (self.count, self.total, self.squares)
        )
