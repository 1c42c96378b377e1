"""Traces one execution of a node: below the query's root span, or in a span of its own.

Nodes of the whole graph share a root span. If this process has none, because the query was resumed elsewhere
or after an interrupt, the node opens another one. A single node in a caller's graph has a span of its own.
Each is a child of the caller's current span; without one, it continues the query's trace, whose place is
``trace`` in the turn. A query of the whole graph that began without a trace has none later.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from dynamicrag import traces
from dynamicrag.graph.roots import Roots
from dynamicrag.types import TurnState

if TYPE_CHECKING:
    from opentelemetry.trace import Span

__all__ = ["traced"]

ROOT = "invoke_workflow dynamicrag"


def traced(
    roots: Roots,
    turn: TurnState,
    node: str,
    shared: traces.Attributes,
    *,
    whole: bool,
    begins: bool,
    ends: bool,
) -> AbstractContextManager[TurnState]:
    """Return a context that traces one execution of a node, and gives the turn with its place in the trace.

    Args:
        roots: The open root spans.
        turn: The turn.
        node: The node's name.
        shared: Attributes of all its spans.
        whole: Whether the node belongs to the whole graph, whose nodes share a root.
        begins: Whether it is the graph's first node.
        ends: Whether it is the graph's last node.
    """
    if whole and not begins and "trace" not in turn:
        return nullcontext(turn)
    span = (roots.get(turn["id"]) if whole else None) or _opened(turn, node, shared, whole=whole)
    if span is None:
        return nullcontext(turn)
    return _within(span, roots, turn, shared, stays=whole and not ends)


@contextmanager
def _within(
    span: "Span", roots: Roots, turn: TurnState, shared: traces.Attributes, *, stays: bool
) -> Iterator[TurnState]:
    """Make a span the parent of a node's spans; end it, unless it stays open for the next node."""
    query = turn["id"]
    try:
        with traces.current(span, shared):
            yield turn if "trace" in turn else {**turn, "trace": traces.carried(span)}
    except BaseException as error:
        roots.pop(query)
        with traces.unbroken():
            traces.failed(span, error)
            span.end()
        raise
    if stays:
        roots.put(query, span)
        return
    roots.pop(query)
    with traces.unbroken():
        span.end()


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
