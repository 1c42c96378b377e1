"""The decisions of recent queries, for graphs whose state hides our channel."""

import threading
from collections import OrderedDict

from dynamicrag.records import Decision

KEPT = 1_000


class Recent:
    """Decisions by query id, in memory; those of the oldest queries are dropped first."""

    def __init__(self, keep: int = KEPT) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._decisions: OrderedDict[str, list[Decision]] = OrderedDict()

    def put(self, query_id: str, decisions: list[Decision]) -> None:
        """Store all decisions of a query so far; do not change the list afterwards."""
        with self._lock:
            self._decisions[query_id] = decisions
            if len(self._decisions) > self._keep:
                self._decisions.popitem(last=False)

    def get(self, query_id: str) -> list[Decision] | None:
        """Return the decisions of a query, or ``None`` if it is not in memory."""
        with self._lock:
            found = self._decisions.get(query_id)
            return None if found is None else list(found)
