"""Spans that a test has recorded, as a tree."""

from collections import defaultdict
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler


class Spans:
    """A tracer provider of a test's own; ``provider`` for the caller's spans."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._memory = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self.tracer = self.provider.get_tracer("test")

    @property
    def all(self) -> list[ReadableSpan]:
        return sorted(self._memory.get_finished_spans(), key=lambda span: span.start_time)

    def clear(self) -> None:
        self._memory.clear()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def parent(self, span: ReadableSpan) -> ReadableSpan | None:
        if span.parent is None:
            return None
        return next((each for each in self.all if each.context.span_id == span.parent.span_id), None)

    def tree(self) -> dict[str, Any]:
        """Return the names of the spans below one another; the roots are those without a known parent."""
        below = defaultdict(list)
        for span in self.all:
            above = self.parent(span)
            below[above.context.span_id if above else None].append(span)

        def names(key: int | None) -> list[Any]:
            return [
                (span.name, names(span.context.span_id)) if below[span.context.span_id] else span.name
                for span in below[key]
            ]

        return names(None)
