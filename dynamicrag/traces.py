"""OpenTelemetry spans of a query, by the API package alone.

Without a configured SDK, and for a query that a sampler has left out, nothing is recorded and every function
here returns at once. OpenTelemetry itself is imported when the first :class:`dynamicrag.DynamicRAG` is made.

The texts of questions, passages and answers are recorded only if
``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` is ``true``, ``span_only`` or ``span_and_event``.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""Environment variable of the GenAI conventions: whether spans have the texts of a query."""
PAUSES = frozenset({"GraphBubbleUp", "Lacking"})
"""Names of the exceptions that pause a query: LangGraph's, and ours for a lack of budget."""

Value = str | bool | int | float | Sequence[str]
Attributes = Mapping[str, Value | None]
"""Attributes of a span; those that are ``None`` are left out."""

_log = logging.getLogger(__name__)
_query: ContextVar[Attributes | None] = ContextVar("dynamicrag_traced", default=None)
"""The attributes that all spans of the recorded query share."""
_NOTHING: AbstractContextManager[None] = nullcontext()


@cache
def tracer() -> "Tracer":
    """Return the package's tracer; it follows a tracer provider that is set later."""
    from opentelemetry import trace

    try:
        number = version("dynamicrag")
    except PackageNotFoundError:  # run from a checkout
        number = None
    return trace.get_tracer("dynamicrag", number)


def content() -> bool:
    """Return whether spans have the texts of a query."""
    return os.environ.get(CONTENT, "").strip().lower() in ("true", "1", "span_only", "span_and_event")


def under_way() -> bool:
    """Return whether a query is being recorded here."""
    return _query.get() is not None


@contextmanager
def current(span: "Span", shared: Attributes) -> Iterator[None]:
    """Make ``span`` the parent of the spans within, which all have the ``shared`` attributes."""
    from opentelemetry import context, trace

    query = _query.set(shared if span.is_recording() else None)
    before, here = context.get_current(), trace.set_span_in_context(span)
    context.attach(here)
    try:
        yield
    finally:
        if context.get_current() is here:
            context.attach(before)
        _query.reset(query)


def span(
    name: str,
    attributes: Attributes,
    at_end: Callable[[], Attributes] | None = None,
    *,
    client: bool = False,
) -> AbstractContextManager[None]:
    """Return a context whose work is a span of the recorded query; without one, nothing is done.

    Args:
        name: The span's name.
        attributes: Attributes known at its start.
        at_end: Returns attributes known at its end, also after a failure.
        client: Whether the work is done by another process.
    """
    shared = _query.get()
    return _NOTHING if shared is None else _Open(name, {**shared, **attributes}, at_end, client=client)


def stage(name: str, *, redone: bool = False) -> AbstractContextManager[None]:
    """Return a context whose work is the span of a stage; see :func:`span`.

    A stage is redone if verification has sent the query back to it.
    """
    if _query.get() is None:
        return _NOTHING
    return span(f"stage {name}", {"dynamicrag.stage": name, "dynamicrag.redone": redone or None})


def note(attributes: Attributes | Callable[[], Attributes]) -> None:
    """Add attributes, or those that a function returns, to the current span of the recorded query."""
    if _query.get() is not None:
        recording().set_attributes(given(attributes() if callable(attributes) else attributes))


def event(name: str, attributes: Attributes) -> None:
    """Add an event to the current span of the recorded query."""
    if _query.get() is not None:
        recording().add_event(name, given(attributes))


def recording() -> "Span":
    """Return the current span."""
    from opentelemetry import trace

    return trace.get_current_span()


def given(attributes: Attributes) -> dict[str, Value]:
    """Return the attributes that have a value."""
    return {name: value for name, value in attributes.items() if value is not None}


def failed(span: "Span", error: BaseException) -> None:
    """Record a failure; its text, which may quote the question, only with :func:`content`."""
    from opentelemetry.trace import Status, StatusCode

    if any(each.__name__ in PAUSES for each in type(error).__mro__):
        span.add_event("dynamicrag.interrupted")
        return
    kind = type(error).__qualname__
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR, str(error) if content() else kind))
    if content():
        span.record_exception(error)


class _Open:
    """A span that is the current one until it ends. A broken span processor never breaks the work."""

    def __init__(
        self, name: str, attributes: Attributes, at_end: Callable[[], Attributes] | None, *, client: bool
    ) -> None:
        self._name, self._attributes, self._at_end, self._client = name, attributes, at_end, client
        self._span: Span | None = None
        self._contexts: tuple[Context, Context] | None = None

    def __enter__(self) -> None:
        from opentelemetry import context, trace

        kind = trace.SpanKind.CLIENT if self._client else trace.SpanKind.INTERNAL
        with unbroken():
            self._span = tracer().start_span(self._name, kind=kind, attributes=given(self._attributes))
            before, here = context.get_current(), trace.set_span_in_context(self._span)
            context.attach(here)
            self._contexts = before, here

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from opentelemetry import context

        if self._span is None or self._contexts is None:
            return
        before, here = self._contexts
        if context.get_current() is here:  # a call that callbacks begin and end may end in another context
            context.attach(before)
        with unbroken():
            if self._at_end is not None:
                self._span.set_attributes(given(self._at_end()))
            if error is not None:
                failed(self._span, error)
            self._span.end()


@contextmanager
def unbroken() -> Iterator[None]:
    """Log a failure of a span processor instead of raising it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - anybody's span processor, and the answer is not its to lose
        _log.debug("a span could not be recorded: %s: %s", type(error).__name__, error, exc_info=error)


def carried(span: "Span") -> str:
    """Return a span's place as a W3C ``traceparent``, for other processes."""
    place = span.get_span_context()
    return f"00-{place.trace_id:032x}-{place.span_id:016x}-{int(place.trace_flags):02x}"


def placed(traceparent: str) -> "Context | None":
    """Return the context of a ``traceparent``, or ``None`` if it is not valid."""
    from opentelemetry import trace

    with suppress(ValueError):
        _, trace_id, span_id, flags = traceparent.split("-")
        place = trace.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=trace.TraceFlags(int(flags, 16))
        )
        if place.is_valid:
            return trace.set_span_in_context(trace.NonRecordingSpan(place))
    return None
