"""The root span of each query under way: opened by the first node of the graph, ended by the last.

A node is all that LangGraph lets us see of a run, so the span stays open in this process between nodes. It
ends early if a node fails or the graph is interrupted. A graph that stops between two nodes tells nobody:
its span is ended, at the time of its last node, when it is older than an hour or the object is closed.
"""

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynamicrag import traces

if TYPE_CHECKING:
    from opentelemetry.trace import Span

__all__ = ["Roots"]

KEPT = 1_000
SECONDS = 3_600.0
"""Age since its last node from which a query counts as left."""


@dataclass(slots=True)
class _Root:
    span: "Span"
    last: int
    """End of its last node in nanoseconds since the epoch."""


class Roots:
    """Open root spans by query id.

    Args:
        keep: Number of spans kept open; the oldest are ended first.
        seconds: Age from which a span is ended.
    """

    def __init__(self, keep: int = KEPT, seconds: float = SECONDS) -> None:
        traces.tracer()  # imports OpenTelemetry now, not within a query
        self._keep, self._age = keep, int(seconds * 1e9)
        self._lock = threading.Lock()
        self._roots: OrderedDict[str, _Root] = OrderedDict()
        self._pid = os.getpid()

    def get(self, query_id: str) -> "Span | None":
        """Return the open root span of a query, if this process has it."""
        if self._pid != os.getpid():  # they are the parent's to end
            self._lock, self._roots, self._pid = threading.Lock(), OrderedDict(), os.getpid()
        root = self._roots.get(query_id)
        return None if root is None else root.span

    def put(self, query_id: str, span: "Span") -> None:
        """Keep a span open after a node; spans that were left are ended."""
        now = time.time_ns()
        with self._lock:
            self._roots[query_id] = _Root(span, now)
            self._roots.move_to_end(query_id)
            left = []
            while self._roots:
                oldest = next(iter(self._roots.values()))
                if len(self._roots) <= self._keep and now - oldest.last < self._age:
                    break
                left.append(self._roots.popitem(last=False)[1])
        _end(left)

    def pop(self, query_id: str) -> None:
        """Forget the span of a query, which the caller ends."""
        with self._lock:
            self._roots.pop(query_id, None)

    def close(self) -> None:
        """End all spans that are open."""
        if self._pid == os.getpid():
            with self._lock:
                left, self._roots = list(self._roots.values()), OrderedDict()
            _end(left)


def _end(left: list[_Root]) -> None:
    for root in left:
        with traces.unbroken():
            root.span.set_attribute("dynamicrag.left", True)
            root.span.end(root.last)
