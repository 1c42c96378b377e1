"""The reservations of calls under way, by query."""

import threading
from collections.abc import Callable, Mapping

from dynamicrag.cost.patience import Passing, too_much
from dynamicrag.cost.purse import ROUNDING
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import BudgetExceeded

__all__ = ["OpenCalls"]


class OpenCalls:
    """The reservations of calls under way. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, list[Cost]] = {}

    def __len__(self) -> int:
        """Return the number of queries with calls under way."""
        return len(self._open)

    def has(self, query_id: str) -> bool:
        """Return whether a query has calls under way."""
        with self._lock:
            return query_id in self._open

    def held(self, query_id: str) -> Cost:
        """Return the amount that the calls of a query hold."""
        with self._lock:
            return Cost.total(self._open.get(query_id, ()))

    def hold(
        self,
        query_id: str,
        worst: Cost,
        spent: Cost | Callable[[], Cost],
        limits: Mapping[Dimension, float],
        places: Mapping[Dimension, str],
    ) -> None:
        """Reserve the worst case of a call, in one step with the check of the query's limits.

        ``spent`` is the cost of the query so far, or returns it; ``places`` name unusual limits in messages.

        Raises:
            BudgetExceeded: The call does not fit.
            Passing: It does not fit now, but would without the query's other calls.
        """
        with self._lock:
            held = Cost.total(self._open.get(query_id, ()))
            # read after ``held``: a call books its cost before it releases its reservation
            used = (spent() if callable(spent) else spent) + held
            missing = {d: worst[d] + used[d] - limit for d, limit in limits.items()}
            short = {d: amount for d, amount in missing.items() if amount > ROUNDING * limits[d]}
            if not short:
                self._open.setdefault(query_id, []).append(worst)
                return
        first = next(iter(short))
        place = places.get(first, f"objective.budget.per_query.{first}")
        left = max(0.0, limits[first] - used[first])
        exceeded = BudgetExceeded(too_much(place, worst[first], left, held[first]))
        exceeded.short = short
        if all(amount - held[d] <= ROUNDING * limits[d] for d, amount in short.items()):
            raise Passing(exceeded)
        raise exceeded

    def release(self, query_id: str, worst: Cost) -> None:
        """End the reservation of a call."""
        with self._lock:
            self._open[query_id].remove(worst)
            if not self._open[query_id]:
                del self._open[query_id]
