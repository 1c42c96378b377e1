"""A budget for many queries as an online knapsack: an option is open if it gives enough quality per cost."""

from dataclasses import dataclass
from math import ceil, e

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Knapsack:
    """The budget rule of PILOT, Panda et al. 2025 (arXiv 2508.21141), after Chakrabarty et al. 2008.

    An option is open if ``cost ≤ quality / threshold`` with ``threshold = (upper·e/lower)^z · lower/e``,
    where z is the share of the bin's budget that is spent. The threshold rises from ``lower/e`` at z = 0 to
    ``upper`` at z = 1. The queries are divided into ⌈queries / size⌉ bins; each has an equal part of the
    budget, and the amount that is left at its end goes to the next one. Hard limits apply besides: a cost
    near 0 is always open.

    Attributes:
        budget: Budget for all queries.
        queries: Expected number of queries, Q.
        size: Queries per bin, S.
        lower: The least quality per unit of cost, LB.
        upper: The largest quality per unit of cost, UB.
    """

    budget: float
    queries: int
    size: int
    lower: float
    upper: float

    def __post_init__(self) -> None:
        for name in ("budget", "queries", "size", "lower", "upper"):
            if not 0 < (value := getattr(self, name)) < float("inf"):
                raise ValueError(f"{name}: expected a number above 0, got {value}")
        if self.lower > self.upper:
            raise ValueError(f"lower: expected at most 'upper', {self.upper}, got {self.lower}")

    @classmethod
    def of(cls, quality: ArrayLike, cost: ArrayLike, *, budget: float, queries: int, size: int) -> "Knapsack":
        """Return the rule whose bounds are the extreme ratios of quality to cost in data.

        Args:
            quality: Qualities, of any shape; those of 0 or less, and NaN, are left out.
            cost: Their costs, of the same shape.
            budget: Budget for all queries.
            queries: Expected number of queries.
            size: Queries per bin.

        Raises:
            ValueError: No quality and cost are above 0.
        """
        gain, price = np.asarray(quality, dtype=np.float64), np.asarray(cost, dtype=np.float64)
        useful = (gain > 0) & (price > 0)
        if not useful.any():
            raise ValueError("quality, cost: the bounds need at least one outcome with both above 0")
        ratio = gain[useful] / price[useful]
        return cls(budget, queries, size, float(ratio.min()), float(ratio.max()))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return ceil(self.queries / self.size)

    def bin_of(self, served: int) -> int:
        """Return the bin of the next query after ``served`` ones; the last bin has no end."""
        return min(served // self.size, self.bins - 1)

    def share_spent(self, served: int, before: float, spent: float) -> float:
        """Return z: the share of the bin's budget that is spent, from 0 to 1.

        Args:
            served: Number of queries so far.
            before: Amount spent before the bin of the next query began.
            spent: Amount spent so far.
        """
        allotted = self.budget * (self.bin_of(served) + 1) / self.bins - before
        return min(1.0, max(0.0, (spent - before) / allotted)) if allotted > 0 else 1.0

    def threshold(self, z: float) -> float:
        """Return the quality per unit of cost that an open option gives at least."""
        return float((self.upper * e / self.lower) ** z * self.lower / e)

    def open(self, quality: ArrayLike, cost: ArrayLike, z: float) -> NDArray[np.bool_]:
        """Return whether each option is open.

        Args:
            quality: Predicted quality, (k,) or (n, k).
            cost: Expected cost, of the same shape.
            z: Share of the bin's budget that is spent.
        """
        least: Floats = np.asarray(cost, dtype=np.float64) * self.threshold(z)
        return np.asarray(least <= np.asarray(quality, dtype=np.float64))
