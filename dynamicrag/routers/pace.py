"""Paces the spending of a total: as it is spent, an option must give more quality for its cost."""

from collections.abc import Sequence
from math import e, inf

import numpy as np

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import PolicyError
from dynamicrag.predictors.checks import Floats


class Pace:
    """The budget rule of PILOT, Panda et al. 2025 (arXiv 2508.21141), after Chakrabarty et al. 2008.

    An online knapsack on a total of the policy: an option is open if ``cost ≤ quality / threshold`` with
    ``threshold = (upper·e/lower)^z · lower/e``, where z is the share of the total that is spent. The
    threshold rises from ``lower/e`` at z = 0 to ``upper`` at z = 1. A cost near 0 is always open.

    Args:
        dimension: The total's dimension.
        lower: The least quality per unit of cost that an option may give while nothing is spent.
        upper: The quality per unit of cost that it must give at the end of the total.
    """

    def __init__(self, *, dimension: Dimension = "usd", lower: float, upper: float) -> None:
        self.dimension = dimension
        for name, bound in (("lower", lower), ("upper", upper)):
            if not 0 < bound < inf:
                raise ValueError(f"{name}: expected a number above 0, got {bound}")
        if lower > upper:
            raise ValueError(f"lower: expected at most 'upper', {upper}, got {lower}")
        self.lower, self.upper = lower, upper
        self._budget: Budget | None = None

    def bind(self, budget: Budget | None, where: str) -> None:
        """Take the policy's budget.

        Raises:
            PolicyError: It has no total of the dimension.
        """
        if budget is None or self.dimension not in budget.total:
            raise PolicyError(
                f"{where}: it paces a total, and objective.budget.total has no {self.dimension!r}; "
                "add one, or remove 'pace'"
            )
        self._budget = budget

    async def open(self, quality: Floats, expected: Sequence[Cost], allowed: Sequence[bool]) -> list[bool]:
        """Return the options that are open: those of enough quality for their cost, or else the cheapest.

        Args:
            quality: Estimated quality, (k,).
            expected: Expected cost, k of them.
            allowed: Whether each option is open so far; at least one is.
        """
        assert self._budget is not None, "it was bound when the policy was built"
        standing = (await in_thread(self._budget.state))[self.dimension]
        z = min(1.0, (standing.spent + standing.set_aside) / standing.limit) if standing.limit else 1.0
        costs = np.array([cost[self.dimension] for cost in expected])
        worth = (costs * self.threshold(z) <= np.nan_to_num(quality)) & np.asarray(allowed, dtype=bool)
        if worth.any():
            return [bool(each) for each in worth]
        cheapest = int(np.where(allowed, costs, np.inf).argmin())
        return [place == cheapest for place in range(len(costs))]

    def threshold(self, z: float) -> float:
        """Return the least quality per unit of cost of an option, if a share ``z`` of the total is spent."""
        return float((self.upper * e / self.lower) ** z * self.lower / e)
