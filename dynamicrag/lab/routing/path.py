"""The λ path: a router's choices from quality alone to cost alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.routing.curve import Curve
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.selection import select

MOST = 100
"""Most values of λ between the two ends."""


@dataclass(frozen=True, slots=True)
class Path:
    """Choices by λ.

    Attributes:
        lam: Quality that one unit of cost is worth, rising from 0, (m,).
        index: The options chosen, (m, n).
    """

    lam: Floats
    index: NDArray[np.intp]

    def of(self, table: Floats) -> Floats:
        """Return the choices' values, (m, n), from a table of every option's value, (n, k)."""
        return np.asarray(table[np.arange(len(table)), self.index])

    def curve(self, cost: Floats, quality: Floats) -> Curve:
        """Return the mean quality against the mean cost, from realised costs and qualities, (n, k)."""
        return Curve.of(self.of(cost).mean(axis=1), self.of(quality).mean(axis=1))


def walk(mean: Floats, expected: Floats) -> Path:
    """Return the path.

    Between the ends, λ takes values between all those at which a choice changes or, where they are many,
    between quantiles of them: so about as many choices change from each point of the path to the next.

    Args:
        mean: Predicted quality, (n, k).
        expected: Expected cost, (n, k).
    """
    changes = _changes(mean, expected)
    lam = np.zeros(1)
    if len(changes):
        if len(changes) > MOST:
            changes = np.unique(np.quantile(changes, np.linspace(0, 1, MOST), method="nearest"))
        between = np.sqrt(changes[:-1] * changes[1:])
        lam = np.concatenate([[0.0], between, [2 * changes[-1] + 1e-12]])
    costs, weights = expected[:, :, None], np.ones(1)
    return Path(lam, np.stack([select(mean, costs, weights, lam=value).index for value in lam]))


def _changes(mean: Floats, expected: Floats) -> Floats:
    """Return the λ at which some query's choice changes, ascending: where two best scores cross."""
    found = []
    for costly in range(mean.shape[1]):
        for cheap in range(mean.shape[1]):
            gain, more = mean[:, costly] - mean[:, cheap], expected[:, costly] - expected[:, cheap]
            rows = np.flatnonzero((gain > 0) & (more > 0))
            lam = gain[rows] / more[rows]
            scores = mean[rows] - lam[:, None] * expected[rows]
            best = scores[:, costly] >= scores.max(axis=1) - 1e-9
            found.append(lam[best & np.isfinite(lam)])
    together = np.concatenate(found)
    return np.unique(together)
