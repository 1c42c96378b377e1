"""Distance of a question from the training questions: the posterior variance of a linear predictor."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State

DIRECTIONS = 64
"""Directions kept of the posterior covariance; along all others the prior's variance stands."""
FAMILIAR = 0.95
"""Share of the training questions that count as familiar."""


@dataclass(frozen=True, slots=True)
class Leverage:
    """The variance of ``w·x`` under the Laplace approximation of the posterior of ``w``.

    The covariance is kept along the directions best known from the data. A question in another language, or
    of a length never seen, has most of its features along the others.

    Attributes:
        axes: The directions, (r, d), orthonormal.
        variance: Posterior variance along each, (r,).
        prior: Variance along all other directions.
        familiar: Variance that :data:`FAMILIAR` of the training questions do not exceed.
    """

    axes: Floats
    variance: Floats
    prior: float
    familiar: float

    @classmethod
    def fit(cls, X: Floats, information: Floats, precision: float) -> Self:
        """Fit on training questions.

        Args:
            X: Their features, (n, d).
            information: Information of each question's outcomes: the sum of p·(1 − p) over them, (n,).
            precision: Precision of the weights' Gaussian prior.
        """
        values, vectors = np.linalg.eigh(X.T @ (X * information[:, None]))
        best = np.argsort(values)[::-1][:DIRECTIONS]
        axes = vectors[:, best].T
        # the sign of an eigenvector is arbitrary: the largest entry is positive
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
        axes = axes * np.sign(largest)
        made = cls(axes, 1 / (values[best].clip(0) + precision), 1 / precision, np.inf)
        along = X @ axes.T
        spread = along**2 @ (made.variance - made.prior) + (X**2).sum(axis=1) * made.prior
        return cls(axes, made.variance, made.prior, float(np.quantile(spread, FAMILIAR)))

    def of(self, coordinates: Floats, squared: float) -> float:
        """Return the variance of ``w·x`` for a question by its coordinates on the axes and squared length."""
        return float((coordinates * coordinates) @ (self.variance - self.prior) + squared * self.prior)

    def trust(self, variance: float) -> float:
        """Return the factor, 0 to 1, on a question's deviation from the mean question.

        It is 1 for familiar questions, and falls with the square of the variance beyond.
        """
        return 1.0 if variance <= self.familiar else (self.familiar / variance) ** 2

    def state(self) -> State:
        """Return the state."""
        return State(
            {"prior": self.prior, "familiar": self.familiar},
            {"axes": self.axes.astype(np.float32), "variance": self.variance},
        )

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Restore the object."""
        return cls(
            np.asarray(state.arrays["axes"], np.float64),
            np.asarray(state.arrays["variance"], np.float64),
            float(state.meta["prior"]),
            float(state.meta["familiar"]),
        )
