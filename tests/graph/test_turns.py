"""One turn, and several: the state before, between and after."""

import asyncio

import pytest
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from dynamicrag import InputError

from .conftest import TOWNS

FIRST = "When was the bridge of town03 opened?"
TURNS = [FIRST, "Which river does it cross?", "When was the bridge of town07 opened?"]
STAGES = ["retrieval", "retriever", "context", "prompt", "generator", "verification"]
THREAD = {"configurable": {"thread_id": "1"}}


def sound(out, town="town03"):
    assert out["messages"][-1].text == f"The bridge of {town} opened"
    assert [d["stage"] for d in out["rag"]["decisions"]] == STAGES
    assert [d["seq"] for d in out["rag"]["decisions"]] == list(range(6))
    assert (
        {d["turn"] for d in out["rag"]["decisions"]}
        == {out["rag"]["turn"]["id"]}
        == {out["rag"]["report"]["query_id"]}
    )
    assert out["rag"]["report"]["passages"][0].startswith(f"{town}.md")


def test_invoke(make, ask):
    sound(make().build_graph().compile().invoke(ask(FIRST)))


def test_a_second_asyncio_run_works_like_the_first(make, ask):
    app = make().build_graph().compile()
    for _ in range(2):
        sound(asyncio.run(app.ainvoke(ask(FIRST))))


def test_sync_and_async_by_turns_on_one_thread(make, ask):
    app = make().build_graph().compile(checkpointer=InMemorySaver())
    app.invoke(ask(FIRST), THREAD)
    out = asyncio.run(app.ainvoke(ask(TURNS[2]), THREAD))
    sound(out, "town07")
    assert len(app.invoke(ask(FIRST), THREAD)["messages"]) == 6


def three_turns(states):
    for number, out in enumerate(states, 1):
        assert len(out["messages"]) == 2 * number
        assert len({message.id for message in out["messages"]}) == 2 * number
        sound(out, "town07" if number == 3 else "town03")
    assert len({out["rag"]["turn"]["id"] for out in states}) == 3


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_three_turns_keep_the_last_decisions_alone(make, ask, kind, tmp_path):
    app = make().build_graph()
    if kind == "memory":
        app = app.compile(checkpointer=InMemorySaver())
        three_turns([app.invoke(ask(question), THREAD) for question in TURNS])
    else:
        with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
            app = app.compile(checkpointer=saver)
            three_turns([app.invoke(ask(question), THREAD) for question in TURNS])
    kept = make.models["helper"].kinds()
    assert kept == ["condense"]  # the first turn has no history, and the third stands alone


async def test_three_turns_on_an_asynchronous_checkpointer(make, ask, tmp_path):
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as saver:
        app = make().build_graph().compile(checkpointer=saver)
        three_turns([await app.ainvoke(ask(question), THREAD) for question in TURNS])
        kept = (await app.aget_state(THREAD)).values
    sound(kept, "town07")
    assert kept["rag"]["turn"]["history"] == [
        ["user", FIRST],
        ["assistant", "The bridge of town03 opened"],
        ["user", TURNS[1]],
        ["assistant", "The bridge of town03 opened"],
    ]


def test_a_follow_up_is_searched_in_its_condensed_form(make, ask):
    app = make().build_graph().compile(checkpointer=InMemorySaver())
    app.invoke(ask(FIRST), THREAD)
    out = app.invoke(ask(TURNS[1]), THREAD)
    assert out["rag"]["turn"]["original"] == "Which river does it cross?"
    assert out["rag"]["turn"]["text"] == "Which river does the bridge of town03 cross?"
    assert out["rag"]["turn"]["candidates"][0]["document"] == "town03.md"


def test_a_follow_up_whose_helper_fails_is_searched_beside_the_question_before_it(make):
    make.scripts["helper"] = lambda kind, text: "BREAK"
    rag = make()
    messages = [("user", FIRST), ("assistant", "1813"), ("user", TURNS[1])]
    out = rag.build_graph().compile().invoke({"messages": messages})
    sound(out)
    assert out["rag"]["turn"]["text"] == f"{FIRST} {TURNS[1]}"
    assert [line.stage for line in rag.account(out["rag"]["turn"]["id"]).lines if line.failed] == ["condense"]


def test_a_greeting_is_not_condensed(make):
    app = make().build_graph().compile()
    app.invoke({"messages": [("user", FIRST), ("assistant", "1813"), ("user", "Thanks!")]})
    assert make.models["helper"].kinds() == []


def test_foreign_messages_in_the_history_are_left_alone(make):
    app = make().build_graph().compile()
    call = AIMessage("", tool_calls=[{"name": "find", "args": {}, "id": "t1"}])
    tool = {"role": "tool", "content": "town11", "tool_call_id": "t1"}
    out = app.invoke({"messages": [("system", "Be kind."), ("user", "Hi"), call, tool, ("user", FIRST)]})
    assert out["rag"]["turn"]["history"] == [["user", "Hi"]]
    assert len(out["messages"]) == 6


def test_a_second_turn_starts_afresh(make, ask):
    abstaining = {"options": ["accept", "abstain"], "verifiers": ["unanswerable"], "router": "thresholds"}
    make.scripts["small"] = lambda kind, text: "unanswerable" if TOWNS[5] in text else "In 1813"
    rag = make(stages={"verification": abstaining})
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    first = app.invoke(ask("When was the bridge of town05 opened?"), THREAD)
    assert first["rag"]["report"]["abstained"]
    second = app.invoke(ask("Tell me about town03, the bridge"), THREAD)
    assert not second["rag"]["report"]["abstained"]
    assert second["messages"][-1].text == "In 1813"


@pytest.mark.slow
def test_the_meter_runs_as_long_as_a_graph_can_be_asked(make):
    import gc

    rag = make(host={"meter": "cpu"})
    attribution = rag.pipeline.ledger.attribution
    app = rag.build_graph().compile()
    make.made.clear()
    del rag
    gc.collect()
    assert attribution.running, "the graph is still there"
    assert app.invoke({"messages": [("user", FIRST)]})["rag"]["report"]
    del app


@pytest.mark.parametrize("place", ["retriever", "finish"])
def test_a_state_that_was_edited_at_a_pause_goes_on_from_there(make, ask, place):
    app = make().build_graph().compile(checkpointer=InMemorySaver(), interrupt_before=[place])
    app.invoke(ask(FIRST), THREAD)
    turn = app.get_state(THREAD).values["rag"]["turn"]
    text = FIRST.replace("town03", "town07")
    draft = turn["draft"] and {**turn["draft"], "text": "The bridge of town07 opened"}
    app.update_state(THREAD, {"rag": {"turn": {**turn, "text": text, "draft": draft}}})
    assert app.get_state(THREAD).next == (place,)
    out = app.invoke(None, THREAD)
    assert out["messages"][-1].text == "The bridge of town07 opened"
    assert out["rag"]["report"]["question"] == text


def fork(app, node, values, **how):
    """Return the config of a fork from before a node, with other values in the state."""
    before = next(state for state in app.get_state_history(THREAD) if state.next == (node,))
    return app.update_state(before.config, values, **how)


@pytest.mark.parametrize("node", ["context", "generate", "verify", "finish"])
@pytest.mark.parametrize("name", [None, "x"])
def test_a_fork_with_another_question_does_not_answer_the_old_one(make, node, name):
    """``x`` edits the question, ``None`` adds another one."""
    app = make().build_graph().compile(checkpointer=InMemorySaver())
    app.invoke({"messages": [HumanMessage(FIRST, id="x")]}, THREAD)
    other = {"messages": [HumanMessage("When was the bridge of town07 opened?", id=name)]}
    with pytest.raises(InputError, match=rf"^{node}: the state holds another question .*as_node='__start__'"):
        app.invoke(None, fork(app, node, other))
    out = app.invoke(None, fork(app, node, other, as_node="__start__"))
    assert out["messages"][-1].text == "The bridge of town07 opened"
    assert out["rag"]["turn"]["original"] == other["messages"][0].text


def test_a_fork_with_another_question_under_a_key_of_the_users_own(make):
    names = {"question": "question", "answer": "answer"}
    app = make().build_graph(**names).compile(checkpointer=InMemorySaver())
    app.invoke({"question": FIRST}, THREAD)
    with pytest.raises(InputError, match=r"^generate: the state holds another question"):
        app.invoke(None, fork(app, "generate", {"question": "When was the bridge of town07 opened?"}))


def test_a_fork_with_the_conversation_removed_goes_on(make):
    app = make().build_graph().compile(checkpointer=InMemorySaver())
    app.invoke({"messages": [HumanMessage(FIRST, id="x")]}, THREAD)
    out = app.invoke(None, fork(app, "generate", {"messages": [RemoveMessage("x")]}))
    assert out["messages"][-1].text == "The bridge of town03 opened"
