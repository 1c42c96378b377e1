"""Expected cost of an option on a query that it has not been run on.

A router knows no realised cost when it decides; to read it off the judged row would flatter every
router on a curve. So it is predicted, from the length of the question.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.ridge import fit_ridge
from dynamicrag.text.words import words

ENOUGH = 20
"""Observations from which a cost is learnt; with fewer, it is their mean."""


class ExpectedCost:
    """A regression of each option's cost on the length of the question; its mean where it never varies.

    Costs that are all positive are learnt as logarithms, and corrected for what the mean of an
    exponential lies above the exponential of the mean (Duan 1983, "Smearing estimate").
    """

    def fit(self, texts: Sequence[str], cost: Floats) -> Self:
        """Learn from realised costs, (n, k); NaN where not observed, at least one number per option."""
        Z = _length(texts)
        self._centre, self._scale = Z.mean(axis=0), Z.std(axis=0) + 1e-9
        self._fits = [_Option((Z - self._centre) / self._scale, column) for column in cost.T]
        return self

    def predict(self, texts: Sequence[str]) -> Floats:
        """Return the expected costs, (n, k)."""
        Z = (_length(texts) - self._centre) / self._scale
        return np.stack([fit.predict(Z) for fit in self._fits], axis=1)


class _Option:
    def __init__(self, Z: Floats, cost: Floats) -> None:
        seen = ~np.isnan(cost)
        known = cost[seen]
        self.low, self.high = known.min(), known.max()
        self.mean = known.mean()
        self.varies = len(known) >= ENOUGH and self.high > self.low
        self.powers = self.low > 0
        if self.varies:
            target = np.log(known) if self.powers else known
            self.ridge = fit_ridge(Z[seen], target[:, None])
            fitted = self.ridge.mean(Z[seen])[:, 0]
            self.smear = np.exp(target - fitted).mean() if self.powers else 1.0

    def predict(self, Z: Floats) -> Floats:
        if not self.varies:
            return np.full(len(Z), self.mean)
        fitted = self.ridge.mean(Z)[:, 0]
        if self.powers:
            fitted = np.exp(np.minimum(fitted, np.log(self.high))) * self.smear
        return np.clip(fitted, self.low, self.high)


def _length(texts: Sequence[str]) -> Floats:
    size = np.array([[len(text), len(words(text)), text.count("\n") + 1] for text in texts], dtype=np.float64)
    logs = np.log1p(size)
    return np.hstack([size, logs, logs[:, :1] ** 2])
