"""What a user sees while the graph runs: the answer's tokens once, and nothing else."""

import asyncio

import pytest
from langgraph.graph import START, MessagesState, StateGraph

from dynamicrag.stages.pricing import Room
from dynamicrag.text.withheld import ABSTAINED

QUESTION = "When was the bridge of town03 opened?"
ANSWER = "The bridge of town03 opened"
FOLLOW_UP = {
    "messages": [("user", QUESTION), ("assistant", "In 1813"), ("user", "Which river does it cross?")]
}
VERIFIED = {
    "options": ["accept", "escalate", "abstain"],
    "verifiers": ["unanswerable"],
    "router": "thresholds",
}
WAY = "escalate:generator"
MODES = ["messages", "custom", "values"]


def stream(app, given, how):
    """Return ``(mode, payload)`` as they come, by one face or the other."""
    if how == "sync":
        return list(app.stream(given, stream_mode=MODES))

    async def collect():
        return [item async for item in app.astream(given, stream_mode=MODES)]

    return asyncio.run(collect())


def shown(events):
    """Return the text shown per message id, in the order of appearance."""
    texts = {}
    for mode, payload in events:
        if mode == "messages":
            message, _ = payload
            texts[message.id] = texts.get(message.id, "") + message.text
    return texts


def custom(events, kind):
    return [payload for mode, payload in events if mode == "custom" and payload["type"] == kind]


def final(events):
    return [payload for mode, payload in events if mode == "values"][-1]


@pytest.fixture(params=["sync", "async"])
def how(request):
    return request.param


def test_the_answer_streams_once_and_keeps_its_id(make, ask, how):
    events = stream(make().build_graph().compile(), ask(QUESTION), how)
    message = final(events)["messages"][-1]
    assert shown(events) == {message.id: ANSWER}
    assert sum(mode == "messages" for mode, _ in events) > 3, "token by token"


def test_tokens_come_before_the_graph_is_done(make, ask, how):
    events = stream(make().build_graph().compile(), ask(QUESTION), how)
    first = next(i for i, (mode, _) in enumerate(events) if mode == "messages")
    verdict = next(
        i for i, (mode, p) in enumerate(events) if mode == "custom" and p.get("stage") == "verification"
    )
    assert first < verdict


def test_decisions_and_the_report_are_custom_events(make, ask, how):
    rag = make()
    events = stream(rag.build_graph().compile(), ask(QUESTION), how)
    assert [event["stage"] for event in custom(events, "decision")] == list(rag.pipeline.points)
    (report,) = custom(events, "report")
    assert report["query_id"] == final(events)["rag"]["report"]["query_id"]


def test_internal_calls_do_not_show(make, how):
    make.scripts["helper"] = lambda kind, text: (
        "The river of town03 is crossed by a bridge" if kind == "condense" else "The Ondry is a river"
    )
    rag = make(stages={"retrieval": {"options": ["iterative"]}})
    events = stream(rag.build_graph().compile(), FOLLOW_UP, how)
    assert {"condense", "reason"} <= set(make.models["helper"].kinds())
    assert list(shown(events)) == [final(events)["messages"][-1].id]


def test_a_chain_of_thought_arrives_as_its_answer_alone(make, ask, how):
    make.scripts["small"] = lambda kind, text: "It was long ago. I read it. Answer: In 1813"
    rag = make(stages={"prompt": {"options": ["cot"]}})
    events = stream(rag.build_graph().compile(), ask(QUESTION), how)
    message = final(events)["messages"][-1]
    assert shown(events) == {message.id: "In 1813"}
    assert message.text == "In 1813"
    assert sum(mode == "messages" for mode, _ in events) == 1


def test_a_draft_that_is_escalated_is_withdrawn(make, ask, how):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    verification = {**VERIFIED, "escalate": {"unanswerable": "generator"}}
    events = stream(make(stages={"verification": verification}).build_graph().compile(), ask(QUESTION), how)
    (withdrawn,) = custom(events, "withdrawn")
    message = final(events)["messages"][-1]
    assert shown(events) == {withdrawn["message_id"]: "unanswerable", message.id: ANSWER}
    assert len(final(events)["messages"]) == 2, "the withdrawn draft is no message"


def test_an_abstention_is_a_new_message(make, ask, how):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    events = stream(make(stages={"verification": VERIFIED}).build_graph().compile(), ask(QUESTION), how)
    (withdrawn,) = custom(events, "withdrawn")
    message = final(events)["messages"][-1]
    assert shown(events) == {withdrawn["message_id"]: "unanswerable", message.id: ABSTAINED}
    assert final(events)["rag"]["report"]["abstained"]


def test_a_hidden_draft_is_dropped_in_silence(make, ask, how):
    make.scripts["small"] = lambda kind, text: "I see. Answer: unanswerable"
    rag = make(stages={"verification": VERIFIED, "prompt": {"options": ["cot"]}})
    events = stream(rag.build_graph().compile(), ask(QUESTION), how)
    assert not custom(events, "withdrawn")
    assert list(shown(events).values()) == [ABSTAINED]


def test_what_a_failing_model_had_shown_is_withdrawn(make, ask, how):
    make.scripts["small"] = lambda kind, text: "It opened in BREAK"
    events = stream(make().build_graph().compile(), ask(QUESTION), how)
    (withdrawn,) = custom(events, "withdrawn")
    message = final(events)["messages"][-1]
    assert shown(events) == {withdrawn["message_id"]: "It opened in ", message.id: ANSWER}


def test_a_history_is_not_shown_again(make, how):
    events = stream(make().build_graph().compile(), FOLLOW_UP, how)
    assert len(shown(events)) == 1


def test_updates_name_the_nodes(make, ask):
    app = make().build_graph().compile()
    nodes = [name for update in app.stream(ask(QUESTION), stream_mode="updates") for name in update]
    assert nodes == ["begin_turn", "retrieval", "retriever", "context", "generate", "verify", "finish"]


HELD = {**VERIFIED, "escalate": {"unanswerable": "generator"}, "stream": "verified"}


def test_a_draft_may_be_held_until_it_is_accepted(make, ask, how):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    events = stream(make(stages={"verification": HELD}).build_graph().compile(), ask(QUESTION), how)
    assert not custom(events, "withdrawn")
    message = final(events)["messages"][-1]
    assert shown(events) == {message.id: ANSWER}
    assert sum(mode == "messages" for mode, _ in events) == 1, "as one message"
    accepted = next(
        i for i, (mode, p) in enumerate(events) if mode == "custom" and p.get("chosen") == "accept"
    )
    assert next(i for i, (mode, _) in enumerate(events) if mode == "messages") > accepted


@pytest.mark.parametrize(("held", "drafts"), [("draft", 1), ("verified", 0)])
def test_a_subgraph_withdraws_and_holds_as_well(make, ask, how, held, drafts):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    rag = make(stages={"verification": {**HELD, "stream": held}})
    builder = StateGraph(MessagesState)
    builder.add_node("rag", rag.build_graph().compile())
    builder.add_edge(START, "rag")
    app = builder.compile()

    async def collect():
        return [item async for item in app.astream(ask(QUESTION), stream_mode=MODES, subgraphs=True)]

    given = ask(QUESTION)
    items = (
        list(app.stream(given, stream_mode=MODES, subgraphs=True))
        if how == "sync"
        else asyncio.run(collect())
    )
    events = [(mode, payload) for space, mode, payload in items if mode != "values" or not space]
    withdrawn = [event["message_id"] for event in custom(events, "withdrawn")]
    message = final(events)["messages"][-1]
    assert len(withdrawn) == drafts
    assert shown(events) == {**dict.fromkeys(withdrawn, "unanswerable"), message.id: ANSWER}


def test_a_withdrawn_draft_that_stands_after_all_is_shown_again(make, ask, how, monkeypatch):
    """The step up turns out too dear once it is tried, and nothing is left but the draft."""
    price = {"usd": {"call": 0.01}}
    models = {name: {"model": f"fake:{name}", "profile": price} for name in ("small", "helper")}
    models["medium"] = {"model": "fake:medium", "profile": {"usd": {"call": 0.02, "input": 1e-3}}}
    make.scripts["small"] = lambda kind, text: "unanswerable"
    rag = make(
        models=models,
        objective={"budget": {"per_query": {"usd": 0.02}}},
        stages={
            "generator": {"options": ["small", "medium"], "router": {"fixed": {"option": "small"}}},
            "verification": {
                **HELD,
                "stream": "draft",
                "options": ["accept", "escalate"],
                "router": {"fixed": {"option": WAY}},
            },
        },
    )
    # the budget would close it before it is tried; here its price is known too late
    monkeypatch.setattr(
        rag.pipeline.decider._pricing, "fixed", lambda plans, left: Room(plans, [True] * len(plans), None)
    )
    events = stream(rag.build_graph().compile(), ask(QUESTION), how)
    (withdrawn,) = custom(events, "withdrawn")
    message = final(events)["messages"][-1]
    assert message.text == "unanswerable"
    assert not make.models["medium"].calls
    assert message.id != withdrawn["message_id"]
    assert shown(events) == {withdrawn["message_id"]: "unanswerable", message.id: "unanswerable"}


async def test_a_cancelled_stream_leaves_the_graph_usable(make, ask):
    rag = make()
    app = rag.build_graph().compile()
    stream = app.astream(ask(QUESTION), stream_mode="messages")
    await anext(stream)
    await stream.aclose()
    out = await app.ainvoke(ask(QUESTION))
    assert out["messages"][-1].text == ANSWER
    assert not rag.pipeline.ledger.attribution._open, "a cancelled call's line is closed"
