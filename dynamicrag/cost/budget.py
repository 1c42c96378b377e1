"""The limits of a policy, and what is left of them.

Limits per query are checked against the expected cost of the rest of the path; limits in total
against what all queries of this process have spent.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dynamicrag.cost.vector import Cost, Dimension


@dataclass(slots=True)
class Budget:
    """Hard limits, in the units of their dimensions.

    Attributes:
        per_query: Most that one query may cost.
        total: Most that all queries together may cost.
        exhausted: What to do when no option fits: take the ``cheapest``, or raise an ``error``.
    """

    per_query: Mapping[Dimension, float] = field(default_factory=dict)
    total: Mapping[Dimension, float] = field(default_factory=dict)
    exhausted: Literal["cheapest", "error"] = "cheapest"
    _spent: Cost = field(default_factory=Cost, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def left(self, query_spent: Cost) -> dict[Dimension, float]:
        """Return what one more step of a query that has spent ``query_spent`` may cost, by dimension."""
        with self._lock:
            left: dict[Dimension, float] = {d: limit - query_spent[d] for d, limit in self.per_query.items()}
            for dimension, limit in self.total.items():
                remaining = limit - self._spent[dimension] - query_spent[dimension]
                left[dimension] = min(left.get(dimension, float("inf")), remaining)
        return left

    def settle(self, query_cost: Cost) -> None:
        """Charge a finished query to the total."""
        with self._lock:
            self._spent += query_cost
