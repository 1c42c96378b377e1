"""Traces one execution of a node: below the query's root span, or in a span of its own.

Nodes of the whole graph share a root span. If this process has none, because the query was resumed elsewhere
or after an interrupt, the node opens another one. A single node in a caller's graph has a span of its own.
Each is a child of the caller's current span; without one, it continues the query's trace, whose place is
``trace`` in the turn. A query of the whole graph that began without a trace has none later.
"""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from dynamicrag import traces
from dynamicrag.graph.roots import Roots
from dynamicrag.turn import TurnState

if TYPE_CHECKING:
    from opentelemetry.trace import Span

__all__ = ["Traced"]

ROOT = "invoke_workflow dynamicrag"


class Traced:
    """One execution of a node; as a context, it traces the work.

    Nodes of the whole graph share ``roots``, the open root spans; a single node has none.
    """

    def __init__(
        self,
        roots: Roots | None,
        turn: TurnState,
        node: str,
        shared: traces.Attributes,
        *,
        begins: bool = False,
        ends: bool = False,
    ) -> None:
        self._roots, self._turn, self._node, self._shared = roots, turn, node, shared
        self._begins, self._ends = begins, ends
        self._span: Span | None = None
        self._current: AbstractContextManager[None] | None = None

    def placed(self, turn: TurnState) -> TurnState:
        """Return the turn with its place in the trace, if there is one."""
        if self._span is None or "trace" in turn:
            return turn
        return {**turn, "trace": traces.carried(self._span)}

    def __enter__(self) -> None:
        query = self._turn["id"]
        if self._roots is not None:
            if not self._begins and "trace" not in self._turn:
                return
            self._span = self._roots.get(query)
        if self._span is None:
            self._span = _opened(self._turn, self._node, self._shared, whole=self._roots is not None)
        if self._span is not None:
            self._current = traces.current(self._span, self._shared)
            self._current.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._span is None or self._current is None:
            return
        self._current.__exit__(None, None, None)
        query = self._turn["id"]
        if self._roots is not None:
            if error is None and not self._ends:
                self._roots.put(query, self._span)
                return
            self._roots.pop(query)
        with traces.unbroken():
            if error is not None:
                traces.failed(self._span, error)
            self._span.end()


def _opened(turn: TurnState, node: str, shared: traces.Attributes, *, whole: bool) -> "Span | None":
    """Return a new span, or ``None`` if nothing is configured that records spans."""
    from opentelemetry import trace

    here, before = traces.recording().get_span_context(), turn.get("trace")
    origin = traces.placed(before) if before else None
    links = []
    if here.is_valid and origin is not None:
        links = [trace.Link(trace.get_current_span(origin).get_span_context())]
    attributes: traces.Attributes = {
        **shared,
        "gen_ai.operation.name": "invoke_workflow" if whole else None,
        "gen_ai.workflow.name": "dynamicrag" if whole else None,
        "dynamicrag.node": None if whole else node,
        "dynamicrag.resumed": True if whole and before else None,
    }
    with traces.unbroken():
        span = traces.tracer().start_span(
            ROOT if whole else f"node {node}",
            context=None if here.is_valid else origin,
            attributes=traces.given(attributes),
            links=links,
        )
        if span.get_span_context().is_valid:
            return span
    return None
