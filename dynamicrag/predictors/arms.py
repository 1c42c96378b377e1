"""Bayesian linear regression per option, by sums: the common part of the linear learners."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.online import Learner
from dynamicrag.predictors.scaling import Scaling

REFRESH = 256
"""Updates of an option after which its inverse is computed again, against the drift of rank-1 updates."""


class LinearArms(Learner):
    """Ridge regression of the reward on the features, independent per option.

    Per option there are the sums ``A = λI + Σ w·xxᵀ``, ``b = λθ₀ + Σ w·(r − level)·x`` and ``n = Σ w``. The
    weights of the features are ``θ = A⁻¹b``, the estimate is ``level + xᵀθ``, and its spread
    ``scale · √(xᵀA⁻¹x)``. The level and θ₀ are the option's prior, 0 after ``start``. With a discount γ below
    1, a reward first fades the earlier ones of its own option: ``A ← γA + (1 − γ)λI``,
    ``b ← γb + (1 − γ)λθ₀``, ``n ← γn``. Options that are not chosen do not fade.

    After ``start``, x is the features as given. After ``fit``, x is an intercept and the standardised
    features, and the level is the option's mean. Features beyond six standard deviations, or beyond ±6 after
    ``start``, are clipped. A new option starts at the mean of the others.

    Args:
        ridge: λ: weight of the prior, in observations per unit of x.
        discount: γ: the factor on an option's earlier rewards; 1 never forgets.
        seed: Not used.
    """

    fitted = ("A", "b", "n", "level", "prior", "intercept")
    parts: ClassVar[Sequence[tuple[str, type]]] = (("scaling", Scaling),)
    per_option = (
        ("A", 0),
        ("b", 0),
        ("n", 0),
        ("level", 0),
        ("prior", 0),
        ("_inverse", 0),
        ("_theta", 0),
        ("_updates", 0),
    )

    def __init__(self, *, ridge: float = 1.0, discount: float = 1.0, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if not 0 < ridge < np.inf:
            raise ValueError(f"ridge: expected a number above 0, got {ridge}")
        if not 0 < discount <= 1:
            raise ValueError(f"discount: expected a number above 0, up to 1, got {discount}")
        self.ridge = ridge
        self.discount = discount

    @property
    def _penalty(self) -> float:
        """The weight of the prior."""
        return self.ridge

    @property
    def scale(self) -> float:
        """Standard deviation of a reward around its estimate."""
        return 1.0

    def _start(self, features: int, options: int) -> None:
        self.scaling = Scaling(np.zeros(features), np.ones(features))
        self.intercept = np.array(0.0)
        self._reset(np.zeros(options))

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.scaling = Scaling.of(X)
        self.intercept = np.array(1.0)
        self._fit_rows(self._rows(X), quality)

    def _fit_rows(self, rows: Floats, quality: Floats) -> None:
        """Learn a table from x of every query."""
        self._reset(np.nanmean(quality, axis=0))
        for column, outcomes in enumerate(quality.T):
            seen = ~np.isnan(outcomes)
            known = rows[seen]
            self.A[column] += known.T @ known
            self.b[column] += known.T @ (outcomes[seen] - self.level[column])
            self.n[column] += seen.sum()
        self._solve()

    def _reset(self, level: Floats) -> None:
        """Set the prior of every option."""
        options, width = len(level), self._rows(np.zeros((1, self.features))).shape[1]
        self.level, self.n = level, np.zeros(options)
        self.prior = np.zeros((options, width))
        self.A = np.tile(self._penalty * np.eye(width), (options, 1, 1))
        self.b = np.zeros((options, width))
        self._solve()

    def _rows(self, X: Floats) -> Floats:
        """Return x of every query, (n, m)."""
        scaled = self.scaling(X)
        return np.concatenate([np.ones((len(X), 1)), scaled], axis=1) if self.intercept else scaled

    def _predict(self, X: Floats) -> Estimate:
        rows = self._rows(X)
        mean = rows @ self._theta.T + self.level
        options, width = self.b.shape
        turned = (rows @ self._inverse.reshape(-1, width).T).reshape(-1, options, width)
        squares = np.matmul(turned, rows[:, :, None])[:, :, 0]
        return Estimate(mean, self.scale * np.sqrt(np.maximum(squares, 0.0)))

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:
        row = self._rows(x)[0]
        if self.discount < 1.0:
            keep = self.discount
            self.A[column] *= keep
            self.A[column].flat[:: len(row) + 1] += (1.0 - keep) * self._penalty
            self.b[column] = keep * self.b[column] + (1.0 - keep) * self._penalty * self.prior[column]
            self.n[column] *= keep
        self.A[column] += weight * np.outer(row, row)
        self.b[column] += weight * (reward - self.level[column]) * row
        self.n[column] += weight
        self._updates[column] += 1
        if self.discount < 1.0 or self._updates[column] % REFRESH == 0:
            self._inverse[column] = np.linalg.inv(self.A[column])
        else:  # Sherman and Morrison 1950
            inverse = self._inverse[column]
            turned = inverse @ row
            inverse -= np.outer(turned, turned) * (weight / (1.0 + weight * (row @ turned)))
        self._theta[column] = self._inverse[column] @ self.b[column]

    def _grow(self, quality: Floats) -> None:
        if np.isnan(quality).any():
            level, prior = self.level.mean(), self._theta.mean(axis=0)
        else:
            level, prior = quality[0], np.zeros(self.b.shape[1])
        self.level, self.n = np.append(self.level, level), np.append(self.n, 0.0)
        self.prior = np.vstack([self.prior, prior])
        self.A = np.concatenate([self.A, self._penalty * np.eye(len(prior))[None]])
        self.b = np.vstack([self.b, self._penalty * prior])
        self._solve()

    def _solve(self) -> None:
        """Compute the inverses and weights from the sums."""
        self._inverse = np.linalg.inv(self.A)
        self._theta = np.einsum("kde,ke->kd", self._inverse, self.b)
        self._updates = np.zeros(len(self.b), dtype=np.intp)

    def _restore(self) -> None:
        self._solve()
