"""The trace's span of one call on the account, by the GenAI conventions of OpenTelemetry.

The meter covers a call only after its end, so a span has the cost known then. ``dynamicrag.provisional`` says
that its joules are an estimate; the log record of the finished query has the settled figures.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from dynamicrag import traces
from dynamicrag.cost.line import Line
from dynamicrag.cost.vector import Cost
from dynamicrag.records import Figure

__all__ = ["CallKind", "call_span", "figure_attributes", "provider_of"]

CallKind = Literal["chat", "embeddings", "retrieval", "rerank", "route", "verify"]
"""The work of a call; the first three are operations of the GenAI conventions."""
OPERATIONS = ("chat", "embeddings", "retrieval")
ELSEWHERE = ("seconds", "tokens")
"""Dimensions that a span has as its duration and as the conventions' usage."""
PROVIDERS: Mapping[str, str] = {
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_anthropic_vertex": "gcp.vertex_ai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""The conventions' names of LangChain's providers, where they differ."""
_NOTHING: AbstractContextManager[None] = nullcontext()


def call_span(line: Line, kind: CallKind, cost: Callable[[Line], Cost]) -> AbstractContextManager[None]:
    """Return a context whose work is the span of a call; without a recorded query, nothing is done.

    The usage of the line and its cost are read at the end.
    """
    if not traces.under_way():
        return _NOTHING
    asks = kind in ("chat", "embeddings")
    provider, model = _named(line) if asks else ("", "")
    callee = model or line.label.removeprefix("router:")
    attributes: traces.Attributes = {
        "gen_ai.operation.name": kind if kind in OPERATIONS else None,
        "gen_ai.provider.name": provider_of(provider) or None,
        "gen_ai.request.model": callee if asks else None,
        "gen_ai.data_source.id": line.label if kind == "retrieval" else None,
        "dynamicrag.stage": line.stage,
        "dynamicrag.runs": line.profile.runs,
    }
    away = asks and line.profile.runs != "in_process"
    return traces.span(
        f"{kind} {callee}", attributes, lambda: _used(line, cost(line), tokens=asks), client=away
    )


def provider_of(name: str) -> str:
    """Return the conventions' name of a LangChain provider."""
    return PROVIDERS.get(name, name)


def figure_attributes(figures: Mapping[str, Figure]) -> dict[str, traces.Value]:
    """Return figures by dimension, each with its provenance; an unknown amount has the provenance alone."""
    found: dict[str, traces.Value] = {}
    for dimension, figure in figures.items():
        if dimension in ELSEWHERE:
            continue
        if figure["value"] is not None:
            found[f"dynamicrag.{dimension}"] = figure["value"]
        found[f"dynamicrag.{dimension}_kind"] = figure["kind"]
    return found


def _named(line: Line) -> tuple[str, str]:
    """Return the provider and the model that a line calls, each ``""`` if unknown."""
    if line.spec == line.stage:  # it computes locally
        return "", ""
    provider, colon, model = line.spec.partition(":")
    return (provider, model) if colon else ("", line.spec)


def _used(line: Line, cost: Cost, *, tokens: bool) -> traces.Attributes:
    usage = line.usage
    found: dict[str, traces.Value | None] = {**figure_attributes(cost.figures())}
    found["dynamicrag.callee"] = line.label  # the model that answered, where another was asked
    found["dynamicrag.provisional"] = line.profile.runs == "in_process" and not line.settled
    if tokens and usage.calls:
        found["gen_ai.usage.input_tokens"] = usage.input_tokens
        found["gen_ai.usage.output_tokens"] = usage.output_tokens
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens or None
        found["gen_ai.response.time_to_first_chunk"] = usage.first_token_seconds
        found["dynamicrag.assumed_usage"] = usage.assumed or None
    return found
