"""Paces the spending of a total: as it is spent, an option must give more quality for its cost."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import PolicyError
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.knapsack import Knapsack


class Pace:
    """The budget rule of PILOT on a total of the policy, as one bin; see :class:`Knapsack`.

    Args:
        dimension: The total's dimension.
        lower: The least quality per unit of cost that an option may give while nothing is spent.
        upper: The quality per unit of cost that it must give at the end of the total.
    """

    def __init__(self, *, dimension: Dimension = "usd", lower: float, upper: float) -> None:
        self.dimension = dimension
        self._rule = Knapsack(budget=1.0, queries=1, size=1, lower=lower, upper=upper)
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
        worth = self._rule.open(np.nan_to_num(quality), costs, z) & np.asarray(allowed, dtype=bool)
        if worth.any():
            return [bool(each) for each in worth]
        cheapest = int(np.where(allowed, costs, np.inf).argmin())
        return [place == cheapest for place in range(len(costs))]
