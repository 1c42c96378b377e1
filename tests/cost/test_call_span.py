"""The span of a call: its name, its attributes by the conventions, and its cost."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from dynamicrag import traces
from dynamicrag.cost.call_span import call_span, figure_attributes, provider_of
from dynamicrag.cost.line import Line
from dynamicrag.cost.profiles import IN_PROCESS, Profile
from dynamicrag.cost.vector import Cost
from dynamicrag.types import Usage

REMOTE = Profile(runs="remote")


@pytest.fixture
def recorded(monkeypatch):
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("test")
    monkeypatch.setattr(traces, "tracer", lambda: tracer)
    with traces.current(tracer.start_span("root"), {"dynamicrag.query_id": "q"}):
        yield memory.get_finished_spans


def span_of(recorded, kind, label, spec="", profile=IN_PROCESS, stage="generator", usage=None):
    line = Line("q", stage, label, profile, 0.0, spec=spec)
    with call_span(line, kind, lambda _: Cost()):
        line.usage = usage or Usage(calls=1)
    return recorded()[-1]


@pytest.mark.parametrize(
    ("kind", "label", "spec", "stage", "name"),
    [
        ("chat", "small", "openai:gpt-4o-mini", "generator", "chat gpt-4o-mini"),
        ("chat", "small", "ollama:llama3.2:3b", "generator", "chat llama3.2:3b"),
        ("chat", "small", "", "generator", "chat small"),
        ("embeddings", "embedding", "verify:x", "verify:x", "embeddings embedding"),
        ("embeddings", "m", "openai:text-embedding-3-small", "ingest", "embeddings text-embedding-3-small"),
        ("retrieval", "lexical", "", "retriever", "retrieval lexical"),
        ("rerank", "mmr", "rerank:mmr", "rerank", "rerank mmr"),
        ("route", "router:prior", "", "generator", "route prior"),
        ("verify", "groundedness", "", "verification", "verify groundedness"),
    ],
)
def test_names(recorded, kind, label, spec, stage, name):
    assert span_of(recorded, kind, label, spec, stage=stage).name == name


def test_only_operations_of_the_conventions_have_that_name(recorded):
    operation = "gen_ai.operation.name"
    for kind in ("chat", "embeddings", "retrieval"):
        assert span_of(recorded, kind, "x").attributes[operation] == kind
    for kind in ("rerank", "route", "verify"):
        assert operation not in span_of(recorded, kind, "x").attributes


def test_a_remote_call_is_a_clients(recorded):
    assert span_of(recorded, "chat", "small", profile=REMOTE).kind is SpanKind.CLIENT
    assert span_of(recorded, "chat", "small").kind is SpanKind.INTERNAL
    assert span_of(recorded, "retrieval", "lexical").kind is SpanKind.INTERNAL


def test_usage(recorded):
    usage = Usage(calls=1, input_tokens=20, cached_tokens=5, output_tokens=3, first_token_seconds=0.2)
    told = span_of(recorded, "chat", "small", "openai:x", REMOTE, usage=usage).attributes
    assert told["gen_ai.usage.input_tokens"] == 20
    assert told["gen_ai.usage.output_tokens"] == 3
    assert told["gen_ai.usage.cache_read.input_tokens"] == 5
    assert told["gen_ai.response.time_to_first_chunk"] == 0.2
    assert told["dynamicrag.provisional"] is False
    assert "dynamicrag.assumed_usage" not in told


def test_usage_that_is_a_worst_case_says_so(recorded):
    told = span_of(recorded, "chat", "small", usage=Usage(calls=1, input_tokens=9, assumed=True)).attributes
    assert told["dynamicrag.assumed_usage"] is True
    assert told["dynamicrag.provisional"] is True


def test_an_unknown_amount_is_not_zero():
    figures = {"usd": {"value": None, "kind": "unknown"}, "joules": {"value": 2.0, "kind": "modelled"}}
    assert figure_attributes(figures) == {
        "dynamicrag.usd_kind": "unknown",
        "dynamicrag.joules": 2.0,
        "dynamicrag.joules_kind": "modelled",
    }


def test_providers_have_the_conventions_names():
    assert [provider_of(name) for name in ("openai", "mistralai", "azure_openai")] == [
        "openai",
        "mistral_ai",
        "azure.ai.openai",
    ]


def test_the_names_are_in_the_conventions(recorded):
    """In the package of the semantic conventions, which only tests have."""
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

    known = {value for key, value in vars(gen_ai_attributes).items() if key.startswith("GEN_AI_")}
    known |= {value.value for value in gen_ai_attributes.GenAiProviderNameValues}
    usage = Usage(calls=1, input_tokens=20, cached_tokens=5, output_tokens=3, first_token_seconds=0.2)
    told = span_of(recorded, "chat", "small", "openai:x", REMOTE, usage=usage).attributes
    assert {key for key in told if key.startswith("gen_ai.")} <= known


def test_without_a_recorded_query_it_is_nothing():
    line = Line("q", "generator", "small", IN_PROCESS, 0.0)
    assert call_span(line, "chat", lambda _: Cost()) is call_span(line, "route", lambda _: Cost())
