"""The spans of one query, and its run tree in LangChain: ``python examples/traces.py``.

Models are scripted, so it runs offline: the small one finds no answer, and the large one is asked. It needs
``pip install 'dynamicrag[traces]'``. With ``BatchSpanProcessor(OTLPSpanExporter())`` below, the same spans go
to the collector that ``OTEL_EXPORTER_OTLP_ENDPOINT`` names: Jaeger, Tempo, Langfuse, …

The same run tree goes to LangSmith, without any code, if ``LANGSMITH_TRACING=true`` and ``LANGSMITH_API_KEY``
are set; with ``LANGSMITH_TRACING_MODE=otel`` LangSmith's client sends its runs as spans.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dynamicrag import DynamicRAG
from dynamicrag.testing import ScriptedChat

QUESTION = "How many steps must a visitor climb in the lighthouse at Cape Ondry?"
SHOWN = ("option", "reason", "joules", "joules_kind", "passages")
POLICY: dict[str, Any] = {
    "version": 1,
    "corpora": {"docs": {"path": str(Path(__file__).parent / "corpus")}},
    "stages": {
        "generator": {"router": {"fixed": {"option": "small"}}},
        "verification": {
            "options": ["accept", "escalate"],
            "verifiers": ["unanswerable"],
            "router": "thresholds",
            "escalate": {"unanswerable": "generator"},
        },
    },
}


def scripted(answer: str) -> ScriptedChat:
    return ScriptedChat(script=lambda *_: answer)


def build() -> DynamicRAG:
    models = {"small": scripted("unanswerable"), "large": scripted("164 steps.")}
    return DynamicRAG.from_policy(POLICY, models=models)


def tree(spans: Sequence[ReadableSpan], parent: int | None = None, depth: int = 0) -> list[str]:
    """Return a line for each span, below its parent."""
    lines = []
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        if (span.parent.span_id if span.parent else None) == parent:
            known = {key.rpartition(".")[2]: value for key, value in (span.attributes or {}).items()}
            facts = [known[key] for key in SHOWN if key in known]
            shown = [f"{fact:.3g}" if isinstance(fact, float) else str(fact) for fact in facts]
            lines.append(f"{'  ' * depth + span.name:<36} {', '.join(shown)}".rstrip())
            lines += tree(spans, span.context.span_id, depth + 1)
    return lines


def runs(run: Any, depth: int = 0) -> list[str]:
    """Return a line for each run of LangChain: decisions and documents are what our nodes add."""
    metadata = (run.extra or {}).get("metadata") or {}
    about = [value for key, value in metadata.items() if key.startswith("dynamicrag.") and "option" in key]
    about += [document.id for document in (run.outputs or {}).get("documents", [])[:3]]
    line = f"{'  ' * depth}{run.run_type} {run.name}"
    return [
        f"{line:<36} {', '.join(about)}".rstrip(),
        *(each for child in run.child_runs for each in runs(child, depth + 1)),
    ]


def main() -> None:
    memory, collector = InMemorySpanExporter(), RunCollectorCallbackHandler()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    with build() as rag:
        rag.warm()
        app = rag.build_graph().compile()
        app.invoke({"messages": [("user", QUESTION)]}, {"callbacks": [collector]})
    print(*tree(memory.get_finished_spans()), "", *runs(collector.traced_runs[0]), sep="\n")


if __name__ == "__main__":
    main()
