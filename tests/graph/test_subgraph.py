"""The whole graph as one node of a graph that knows nothing of it."""

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from .conftest import call
from .test_turns import FIRST, THREAD, TURNS

ANSWER = "The bridge of town03 opened"


class Own(MessagesState):
    visits: int


def parent(rag, **options):
    builder = StateGraph(Own)
    builder.add_node("greet", lambda state: {"visits": state.get("visits", 0) + 1})
    builder.add_node("rag", rag.build_graph().compile())
    builder.add_node("cite", lambda state: {"messages": [AIMessage("See town03.md")]})
    builder.add_edge(START, "greet")
    builder.add_edge("greet", "rag")
    builder.add_edge("rag", "cite")
    builder.add_edge("cite", END)
    return builder.compile(**options)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_parent_gets_the_answer_and_keeps_its_state(make, ask, how):
    out = call(parent(make()), how, ask(FIRST))
    assert [message.text for message in out["messages"]] == [FIRST, ANSWER, "See town03.md"]
    assert set(out) == {"messages", "visits"}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_three_turns_duplicate_nothing(make, ask, how):
    app = parent(make(), checkpointer=InMemorySaver())
    for number, question in enumerate(TURNS, 1):
        out = call(app, how, ask(question), THREAD)
        assert len(out["messages"]) == 3 * number
        assert len({message.id for message in out["messages"]}) == 3 * number
        assert out["visits"] == number


def test_a_parent_with_decisions_of_its_own_schema_merges_them_once(make, ask):
    from dynamicrag import RagState

    builder = StateGraph(RagState)
    builder.add_node("ask", make().build_graph().compile())
    builder.add_edge(START, "ask")
    app = builder.compile(checkpointer=InMemorySaver())
    for question in TURNS:
        out = app.invoke(ask(question), THREAD)
        assert [decision["seq"] for decision in out["rag"]["decisions"]] == list(range(6))
        assert {decision["turn"] for decision in out["rag"]["decisions"]} == {out["rag"]["turn"]["id"]}


def test_it_streams_from_within(make, ask):
    app = parent(make())
    items = list(app.stream(ask(FIRST), stream_mode=["messages", "custom"], subgraphs=True))
    inner = [(mode, payload) for space, mode, payload in items if space]
    tokens = [payload[0] for mode, payload in inner if mode == "messages"]
    assert "".join(token.text for token in tokens) == ANSWER
    assert len({token.id for token in tokens}) == 1
    assert sum(payload["type"] == "decision" for mode, payload in inner if mode == "custom") == 6
    outer = [payload[0].text for space, mode, payload in items if not space and mode == "messages"]
    assert outer == ["See town03.md"]


async def test_it_streams_from_within_asynchronously(make, ask):
    app = parent(make(), checkpointer=InMemorySaver())
    stream = app.astream(ask(FIRST), THREAD, stream_mode="messages", subgraphs=True)
    shown = {}
    async for _, (message, _) in stream:
        shown[message.id] = shown.get(message.id, "") + message.text
    assert list(shown.values()) == [ANSWER, "See town03.md"]


def test_a_parents_context_is_none_of_our_business(make, ask):
    from dataclasses import dataclass

    @dataclass
    class Tenant:
        name: str

    builder = StateGraph(MessagesState, context_schema=Tenant)
    builder.add_node("rag", make().build_graph().compile())
    builder.add_edge(START, "rag")
    out = builder.compile().invoke(ask(FIRST), context=Tenant("a"))
    assert out["messages"][-1].text == ANSWER
