"""The spans of a query: their names, parents and attributes, wherever and however it is asked."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from dynamicrag import DynamicRAGError, RagChannel, traces
from dynamicrag.graph.roots import Roots
from dynamicrag.graph.traced import ROOT

from .conftest import TOWNS, call
from .spans import Spans

QUESTION = "When was the bridge of town03 opened?"
VERIFICATION = {
    "options": ["accept", "escalate"],
    "verifiers": ["unanswerable"],
    "router": "thresholds",
    "escalate": {"unanswerable": "generator"},
}
TREE = [
    (
        ROOT,
        [
            ("stage retrieval", ["route fixed"]),
            ("stage retriever", ["route fixed", "retrieval lexical"]),
            ("stage context", ["route fixed"]),
            ("stage prompt", ["route fixed"]),
            ("stage generator", ["route fixed", "chat small"]),
            ("stage verification", ["route fixed"]),
        ],
    )
]


def traced_app(make, spans, ask, checkpointer=None, **changes):
    """Return the graph of an object whose corpus is ingested, with nothing recorded yet."""
    rag = make(**changes)
    app = rag.build_graph().compile(checkpointer=checkpointer)
    rag.build_graph().compile().invoke(ask(QUESTION))
    spans.clear()
    return rag, app


@pytest.mark.parametrize("how", ["sync", "async"])
def test_stages_below_the_query_and_calls_below_the_stages(make, spans, ask, how):
    _, app = traced_app(make, spans, ask)
    call(app, how, ask(QUESTION))
    assert spans.tree() == TREE


def test_a_query_has_its_result_and_its_cost(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    out = app.invoke(ask(QUESTION), {"configurable": {"thread_id": "chat-7"}})
    root = spans.one(ROOT)
    told = root.attributes
    report = out["rag"]["report"]
    assert told["dynamicrag.query_id"] == report["query_id"]
    assert told["dynamicrag.policy"].startswith("policy-")
    assert told["gen_ai.operation.name"] == "invoke_workflow"
    assert told["gen_ai.conversation.id"] == "chat-7"
    assert told["dynamicrag.path"] == tuple(f"{stage}:{name}" for stage, name in report["path"].items())
    assert told["dynamicrag.joules"] == report["cost"]["joules"]["value"]
    assert told["dynamicrag.joules_kind"] == report["cost"]["joules"]["kind"]
    assert (told["dynamicrag.abstained"], told["dynamicrag.escalations"]) == (False, ())
    assert root.end_time >= max(span.end_time for span in spans.all)
    assert {span.attributes["dynamicrag.query_id"] for span in spans.all} == {report["query_id"]}
    assert {span.attributes["gen_ai.conversation.id"] for span in spans.all} == {"chat-7"}


def test_a_stage_has_its_decision(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    out = app.invoke(ask(QUESTION))
    made = next(each for each in out["rag"]["decisions"] if each["stage"] == "generator")
    told = spans.one("stage generator").attributes
    assert told["dynamicrag.stage"] == "generator"
    assert told["dynamicrag.option"] == made["chosen"] == "small"
    assert told["dynamicrag.options"] == ("small", "medium", "large")
    assert told["dynamicrag.reason"] == made["reason"]
    assert (told["dynamicrag.router"], told["dynamicrag.propensity"]) == ("fixed", 1.0)
    assert told["dynamicrag.expected_joules"] == made["expected"][0]["joules"]
    assert "dynamicrag.binding" not in told


def test_a_model_call_follows_the_conventions(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    app.invoke(ask(QUESTION))
    span = spans.one("chat small")
    told = span.attributes
    assert told["gen_ai.operation.name"] == "chat"
    assert (told["gen_ai.provider.name"], told["gen_ai.request.model"]) == ("fake", "small")
    assert told["gen_ai.request.max_tokens"] > 0
    assert told["gen_ai.request.temperature"] == 0.0
    assert told["gen_ai.usage.output_tokens"] == 5  # words
    assert told["gen_ai.usage.input_tokens"] > 0
    assert told["gen_ai.response.time_to_first_chunk"] > 0
    assert told["dynamicrag.joules"] > 0
    assert told["dynamicrag.joules_kind"] in ("estimated", "modelled")
    assert span.status.status_code is StatusCode.UNSET
    search = spans.one("retrieval lexical").attributes
    assert search["gen_ai.operation.name"] == "retrieval"
    assert search["gen_ai.data_source.id"] == "lexical"
    assert search["dynamicrag.passages"] >= 2


def everything(spans):
    return json.dumps(
        [
            [span.name, dict(span.attributes), [[e.name, dict(e.attributes)] for e in span.events]]
            for span in spans.all
        ]
    )


def test_no_text_of_a_query_by_default(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    app.invoke(ask(QUESTION))
    assert "town03" not in everything(spans)


@pytest.mark.parametrize("value", ["true", "SPAN_ONLY"])
def test_texts_where_the_conventions_switch_is_on(make, spans, ask, monkeypatch, value):
    _, app = traced_app(make, spans, ask)
    monkeypatch.setenv(traces.CONTENT, value)
    app.invoke(ask(QUESTION))
    search, said = spans.one("retrieval lexical").attributes, spans.one("chat small").attributes
    assert search["gen_ai.retrieval.query.text"] == QUESTION
    first = json.loads(search["gen_ai.retrieval.documents"])[0]
    assert first["id"].startswith("town03.md")
    assert {"id", "score", "content"} == first.keys()
    assert json.loads(said["gen_ai.input.messages"])[-1]["role"] == "user"
    assert "town03 opened" in json.loads(said["gen_ai.output.messages"])[0]["parts"][0]["content"]


@pytest.mark.parametrize("value", ["false", "", "event_only", "no_content"])
def test_other_values_of_the_switch_record_no_text(make, spans, ask, monkeypatch, value):
    monkeypatch.setenv(traces.CONTENT, value)
    assert not traces.content()


def test_an_escalation_shows_as_a_stage_that_is_redone(make, spans, ask):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    make.scripts["medium"] = lambda kind, text: "In 1813."
    _, app = traced_app(make, spans, ask, stages={"verification": VERIFICATION})
    app.invoke(ask(QUESTION))
    names = [span.name for span in spans.all if spans.parent(span) is spans.one(ROOT)]
    assert names[-4:] == ["stage generator", "stage verification"] * 2
    first, second = spans.named("stage generator")
    assert "dynamicrag.redone" not in first.attributes
    assert (second.attributes["dynamicrag.redone"], second.attributes["dynamicrag.option"]) == (
        True,
        "medium",
    )
    assert spans.one(ROOT).attributes["dynamicrag.escalations"] == ("generator:medium",)
    assert spans.named("stage verification")[0].attributes["dynamicrag.option"] == "escalate:generator"


def test_a_failed_call_and_the_option_after_it(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    make.models["small"].script = lambda kind, text: "BREAK"
    app.invoke(ask(QUESTION))
    broken, stage = spans.one("chat small"), spans.one("stage generator")
    assert broken.status.status_code is StatusCode.ERROR
    assert broken.attributes["error.type"] == broken.status.description == "ProviderError"
    assert not broken.events
    assert stage.status.status_code is StatusCode.UNSET
    (fallback,) = stage.events
    assert fallback.name == "dynamicrag.fallback"
    assert fallback.attributes == {"dynamicrag.option": "medium", "dynamicrag.reason": "after failure"}
    assert stage.attributes["dynamicrag.option"] == "medium"
    assert [span.name for span in spans.all if spans.parent(span) is stage] == [
        "route fixed",
        "chat small",
        "chat medium",
    ]


def test_a_query_that_fails_ends_its_root_and_its_stage(make, spans, ask):
    rag, app = traced_app(make, spans, ask)
    for name in ("small", "medium", "large"):
        make.models[name].script = lambda kind, text: "BREAK"
    with pytest.raises(DynamicRAGError):
        app.invoke(ask(QUESTION))
    for name in ("stage generator", ROOT):
        assert spans.one(name).status.status_code is StatusCode.ERROR
        assert spans.one(name).attributes["error.type"] == "ProviderError"
    assert rag.policies.roots.get(spans.one(ROOT).attributes["dynamicrag.query_id"]) is None


def test_a_cancelled_query_ends_its_spans(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    begun = threading.Event()

    def waits(kind, text):
        begun.set()
        return "WAIT"

    make.models["small"].script = waits

    async def cancelled():
        task = asyncio.create_task(app.ainvoke(ask(QUESTION)))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    for name in ("chat small", "stage generator", ROOT):
        assert spans.one(name).attributes["error.type"] == "CancelledError"


def test_a_callers_span_is_the_parent(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    with spans.tracer.start_as_current_span("GET /ask"):
        app.invoke(ask(QUESTION))
    assert spans.tree() == [("GET /ask", TREE)]


def by_gather(app, given):
    async def together():
        return await asyncio.gather(*(app.ainvoke(each) for each in given))

    return asyncio.run(together())


def by_threads(app, given):
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(app.invoke, given))


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [by_gather, by_threads])
def test_fifty_queries_at_once(make, spans, ask, at_once):
    _, app = traced_app(make, spans, ask)
    outs = at_once(app, [ask(f"When was the bridge of {TOWNS[n % 20]} opened?") for n in range(50)])
    query = {span.context.span_id: span.attributes["dynamicrag.query_id"] for span in spans.all}
    roots = [span for span in spans.all if span.parent is None]
    assert [span.name for span in roots] == [ROOT] * 50
    assert {query[span.context.span_id] for span in roots} == {out["rag"]["turn"]["id"] for out in outs}
    below = [span for span in spans.all if span.parent is not None]
    assert all(query[span.parent.span_id] == query[span.context.span_id] for span in below)
    assert len(spans.all) == 50 * 15


def test_callers_with_spans_of_their_own_at_once(make, spans, ask):
    _, app = traced_app(make, spans, ask)

    async def request(n):
        with spans.tracer.start_as_current_span(f"request {n}"):
            return await app.ainvoke(ask(QUESTION))

    async def together():
        await asyncio.gather(*map(request, range(5)))

    asyncio.run(together())
    assert spans.tree() == [(f"request {n}", TREE) for n in range(5)]


def test_a_subgraph_is_below_its_parents_span(make, spans, ask):
    rag, _ = traced_app(make, spans, ask)
    outer = StateGraph(MessagesState)
    outer.add_node("rag", rag.build_graph().compile())
    outer.add_edge(START, "rag")
    with spans.tracer.start_as_current_span("agent"):
        outer.compile().invoke(ask(QUESTION))
    assert spans.tree() == [("agent", TREE)]


class Own(MessagesState):
    rag: RagChannel


@pytest.mark.parametrize("inside", [True, False])
def test_single_nodes_are_one_trace(make, spans, ask, inside):
    rag, _ = traced_app(make, spans, ask)
    builder = StateGraph(Own)
    rag.add_node(builder, "find", stage="retriever")
    rag.add_node(builder, "write", stage="generator")
    builder.add_edge(START, "find")
    builder.add_edge("find", "write")
    if inside:
        with spans.tracer.start_as_current_span("caller"):
            builder.compile().invoke(ask(QUESTION))
    else:
        builder.compile().invoke(ask(QUESTION))
    find, write = spans.one("node find"), spans.one("node write")
    assert find.context.trace_id == write.context.trace_id
    assert spans.parent(find) is (spans.one("caller") if inside else None)
    assert spans.parent(write) is (spans.one("caller") if inside else find)
    assert spans.parent(spans.one("stage generator")) is write
    assert not rag.policies.roots._roots


def test_a_graph_resumed_in_another_process_continues_the_trace(make, spans, ask):
    saver = InMemorySaver()
    here, _ = traced_app(make, spans, ask)
    config = {"configurable": {"thread_id": "1"}}
    app = here.build_graph().compile(checkpointer=saver, interrupt_before=["generate"])
    app.invoke(ask(QUESTION), config)
    assert not spans.named(ROOT)  # it is open: nothing tells that the graph has stopped
    there = make().build_graph().compile(checkpointer=saver)
    there.invoke(None, config)
    resumed = spans.one(ROOT)
    assert resumed.attributes["dynamicrag.resumed"] is True
    assert spans.parent(spans.one("stage generator")) is resumed
    here.close()
    first = next(span for span in spans.named(ROOT) if span is not resumed)
    assert first.attributes["dynamicrag.left"] is True
    assert first.end_time <= resumed.start_time
    assert resumed.parent.span_id == first.context.span_id
    assert {span.context.trace_id for span in spans.all} == {first.context.trace_id}


def test_a_graph_resumed_here_goes_on_in_its_root(make, spans, ask):
    config = {"configurable": {"thread_id": "1"}}
    rag, _ = traced_app(make, spans, ask)
    app = rag.build_graph().compile(checkpointer=InMemorySaver(), interrupt_before=["generate"])
    app.invoke(ask(QUESTION), config)
    app.invoke(None, config)
    assert spans.tree() == TREE


def test_a_resumed_query_in_a_request_of_its_own_links_to_its_beginning(make, spans, ask):
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "1"}}
    rag, _ = traced_app(make, spans, ask)
    rag.build_graph().compile(checkpointer=saver, interrupt_before=["generate"]).invoke(ask(QUESTION), config)
    with spans.tracer.start_as_current_span("second request"):
        make().build_graph().compile(checkpointer=saver).invoke(None, config)
    rag.close()
    resumed, first = sorted(spans.named(ROOT), key=lambda span: span.parent is None)
    assert spans.parent(resumed).name == "second request"
    assert [link.context.span_id for link in resumed.links] == [first.context.span_id]


def test_an_interrupt_ends_the_root_without_an_error(make, spans, ask):
    config = {"configurable": {"thread_id": "1"}}
    rag, _ = traced_app(make, spans, ask)
    context = rag.pipeline.stages["context"]
    act = context.act

    async def asks(option, turn, run):
        interrupt("more?")
        return await act(option, turn, run)

    context.act = asks
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    app.invoke(ask(QUESTION), config)
    first, stage = spans.one(ROOT), spans.one("stage context")
    for span in (first, stage):
        assert span.status.status_code is StatusCode.UNSET
        assert [event.name for event in span.events] == ["dynamicrag.interrupted"]
    out = app.invoke(Command(resume="yes"), config)
    assert out["messages"][-1].text == "The bridge of town03 opened"
    resumed = next(span for span in spans.named(ROOT) if span is not first and span.parent)
    assert resumed.attributes["dynamicrag.resumed"] is True
    assert resumed.parent.span_id == first.context.span_id
    assert not rag.policies.roots._roots


def test_roots_that_were_left_are_ended_in_time(spans):
    roots = Roots(keep=2)
    for n in range(3):
        roots.put(f"q{n}", spans.tracer.start_span(f"root {n}"))
    assert [span.name for span in spans.all] == ["root 0"]
    roots._age = -1
    roots.put("q3", spans.tracer.start_span("root 3"))
    assert len(spans.all) == 4
    assert all(span.attributes["dynamicrag.left"] for span in spans.all)


def test_a_query_that_is_not_sampled_has_no_spans(make, monkeypatch, ask):
    spans = Spans(ALWAYS_OFF)
    monkeypatch.setattr(traces, "tracer", lambda: spans.tracer)
    make().build_graph().compile().invoke(ask(QUESTION))
    assert not spans.all


def test_without_an_sdk_nothing_is_recorded_or_stored(make, ask):
    rag = make()
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert "trace" not in out["rag"]["turn"]
    assert not rag.policies.roots._roots


def test_the_state_has_the_place_in_the_trace(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    out = app.invoke(ask(QUESTION))
    root = spans.one(ROOT).context
    assert out["rag"]["turn"]["trace"].split("-")[1:3] == [f"{root.trace_id:032x}", f"{root.span_id:016x}"]


class Broken(SpanProcessor):
    """A span processor that fails at every span."""

    def on_start(self, span, parent_context=None):
        raise RuntimeError("no room")

    def on_end(self, span):
        raise RuntimeError("no room")


def test_a_broken_span_processor_breaks_no_query(make, spans, ask):
    _, app = traced_app(make, spans, ask)
    spans.provider.add_span_processor(Broken())
    assert app.invoke(ask(QUESTION))["messages"][-1].text == "The bridge of town03 opened"


def test_a_collector_that_is_down_delays_no_query(make, spans, ask):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _, app = traced_app(make, spans, ask)
    nobody = OTLPSpanExporter(endpoint="http://127.0.0.1:9/v1/traces", timeout=1)
    tried = threading.Event()
    export = nobody.export

    def watched(given):
        tried.set()
        return export(given)

    nobody.export = watched
    processor = BatchSpanProcessor(nobody, schedule_delay_millis=1)
    spans.provider.add_span_processor(processor)
    try:
        for _ in range(3):
            assert app.invoke(ask(QUESTION))["messages"][-1].text == "The bridge of town03 opened"
        assert tried.wait(5)
        assert asyncio.run(app.ainvoke(ask(QUESTION)))["messages"][-1].text == "The bridge of town03 opened"
    finally:
        nobody.shutdown()
        processor.shutdown()
