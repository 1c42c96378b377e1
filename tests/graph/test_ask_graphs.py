"""A budget that asks, in graphs of many kinds: streamed, within another graph, side by side, forked."""

import asyncio
import operator
from typing import Annotated

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send
from typing_extensions import TypedDict

from dynamicrag import BudgetExceeded, RagChannel

from .asking import ANSWER, QUESTION, Thread, asking, both, calls, escalating, lines, request, thread

NO_SAVER = "no checkpointer"


class Own(MessagesState):
    visits: Annotated[int, operator.add]
    rag: RagChannel


def parent(rag, **options):
    builder = StateGraph(Own)
    builder.add_node("greet", lambda state: {"visits": 1})
    builder.add_node("rag", rag.build_graph().compile())
    builder.add_edge(START, "greet")
    builder.add_edge("greet", "rag")
    builder.add_edge("rag", END)
    return builder.compile(**options)


@both
def test_without_a_checkpointer_it_is_an_error_with_one_warning(make, ask, how, caplog):
    app = asking(make, 0.0005).build_graph().compile()
    for _ in range(2):
        with pytest.raises(BudgetExceeded, match=r"stages.retrieval: no option fits .*usd 0\.0005"):
            if how == "sync":
                app.invoke(ask(QUESTION))
            else:
                asyncio.run(app.ainvoke(ask(QUESTION)))
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 1
    assert "objective.budget.exhausted: 'ask' acts as 'error' here" in warned[0]
    assert NO_SAVER in warned[0]
    assert "compile(checkpointer=...)" in warned[0]
    assert calls(make) == {}


def test_without_a_checkpointer_a_step_up_that_does_not_fit_is_not_made(make, ask):
    out = escalating(make).build_graph().compile().invoke(ask(QUESTION))
    assert calls(make) == {"small": 1}
    assert out["rag"]["report"]["bounded"] == "usd: no budget for escalate:generator"
    assert out["rag"]["decisions"][-1]["binding"] == "usd"


def test_a_single_node_acts_as_an_error_and_says_why(make, ask, caplog):
    rag = asking(make, 0.0005)
    builder = StateGraph(MessagesState)
    rag.add_node(builder, "answer", stage="generator")
    rag.add_node(builder, "finish", stage="finish")
    builder.add_edge(START, "answer")
    builder.add_edge("answer", "finish")
    builder.add_edge("finish", END)
    with pytest.raises(BudgetExceeded):
        Thread(builder.compile(checkpointer=InMemorySaver()))(ask(QUESTION))
    assert "single nodes cannot ask" in caplog.text


def test_a_graph_that_never_asks_has_no_node_for_it(make):
    assert "ask_for_budget" not in make().build_graph().nodes
    assert "ask_for_budget" in asking(make, 1.0).build_graph().nodes


def test_the_stream_shows_the_interrupt_and_later_the_answer(make, ask):
    chat = thread(asking(make, 0.0005))
    updates = list(chat.app.stream(ask(QUESTION), chat.config, stream_mode="updates"))
    assert [next(iter(update)) for update in updates] == ["begin_turn", "retrieval", "__interrupt__"]
    stream = chat.app.stream(Command(resume=True), chat.config, stream_mode=["updates", "messages"])
    items = list(stream)
    nodes = [next(iter(item)) for mode, item in items if mode == "updates"]
    assert nodes[:2] == ["ask_for_budget", "retrieval"]
    assert nodes[-1] == "finish"
    shown = {}
    for mode, item in items:
        if mode == "messages":
            shown[item[0].id] = shown.get(item[0].id, "") + item[0].text
    assert list(shown.values()) == [ANSWER]


async def test_it_streams_asynchronously(make, ask):
    chat = thread(escalating(make))
    updates = [u async for u in chat.app.astream(ask(QUESTION), chat.config, stream_mode="updates")]
    assert [next(iter(update)) for update in updates][-2:] == ["verify", "__interrupt__"]
    resumed = chat.app.astream(Command(resume=True), chat.config, stream_mode="updates")
    assert [next(iter(update)) async for update in resumed] == ["ask_for_budget", "verify", "finish"]


@both
def test_within_a_parent_graph_with_the_checkpointer(make, ask, how):
    chat = Thread(parent(escalating(make), checkpointer=InMemorySaver()), how)
    asked = request(chat(ask(QUESTION)))
    assert asked["stage"] == "verification"
    out = chat.resume(True)
    assert calls(make) == {"small": 1, "medium": 1}
    assert out["visits"] == 1
    assert out["messages"][-1].text == ANSWER
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(0.011)


def test_within_a_parent_without_a_checkpointer_it_is_an_error(make, ask):
    with pytest.raises(BudgetExceeded):
        parent(asking(make, 0.0005)).invoke(ask(QUESTION))


class Ours(TypedDict, total=False):
    rag: RagChannel


@both
def test_queries_side_by_side_each_have_an_interrupt_of_their_own(make, how):
    rag = asking(make, 0.0005)
    towns = [f"When was the bridge of town{number:02} opened?" for number in (3, 4, 5)]
    each = [Send("ask", {"messages": [("user", town)]}) for town in towns]

    builder = StateGraph(Ours)
    app = rag.build_graph().compile()

    def one(state):
        out = app.invoke({"messages": state["messages"]})
        return {"rag": out["rag"]}

    async def aone(state):
        out = await app.ainvoke({"messages": state["messages"]})
        return {"rag": out["rag"]}

    builder.add_node("ask", one if how == "sync" else aone)
    builder.add_conditional_edges(START, lambda state: each, ["ask"])
    builder.add_edge("ask", END)
    chat = Thread(builder.compile(checkpointer=InMemorySaver()), how)
    out = chat({})
    asked = {interrupt.value["question"]: interrupt for interrupt in out["__interrupt__"]}
    assert len(asked) == 3
    assert len({interrupt.id for interrupt in asked.values()}) == 3
    answers = dict(zip([each.id for each in asked.values()], (True, False, {"usd": 0.001}), strict=True))
    out = chat.resume(answers)
    reports = [out["rag"]["report"], *(each["report"] for each in out["rag"]["siblings"].values())]
    told = {report["question"]: report for report in reports}
    bounded = [told[question]["bounded"] for question in asked]
    assert bounded == ["", "usd: refused more budget", ""]
    assert calls(make) == {"small": 2}
    assert [told[question]["cost"]["usd"]["value"] for question in asked] == pytest.approx(
        [0.001, 0.0, 0.001]
    )


def test_a_fork_may_answer_otherwise_and_each_run_has_its_own_account(make, ask):
    chat = thread(escalating(make))
    before = chat(ask(QUESTION))
    stopped = chat.app.get_state(chat.config).config
    granted = chat.resume(True)
    fork = chat.app.update_state(stopped, None)
    asked = chat.app.invoke(None, fork)
    assert request(asked)["stage"] == "verification"
    refused = chat.app.invoke(Command(resume=False), chat.config)
    assert calls(make) == {"small": 1, "medium": 1}, "the fork pays nothing"
    assert lines(refused) == lines(before)
    assert refused["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(0.001)
    assert refused["rag"]["report"]["cost_all_runs"]["usd"]["value"] == pytest.approx(0.011)
    assert granted["rag"]["report"]["bounded"] == ""


def test_a_fork_before_the_stage_asks_again(make, ask):
    chat = thread(asking(make, 0.0005))
    chat(ask(QUESTION))
    chat.resume(False)
    early = [past for past in chat.app.get_state_history(chat.config) if past.next == ("retrieval",)][-1]
    asked = request(chat.app.invoke(None, early.config))
    assert asked["offers"][0]["extra"] == {"usd": 0.0005}
    assert chat.resume(True)["messages"][-1].text == ANSWER


def test_the_next_turn_has_the_policys_limit_again(make, ask):
    chat = thread(asking(make, 0.0005))
    chat(ask(QUESTION))
    chat.resume(True)
    asked = request(chat(ask("When was the bridge of town04 opened?")))
    assert asked["limits"] == {"usd": 0.0005}
    out = chat.resume(True)
    assert [message.type for message in out["messages"]] == ["human", "ai"] * 2


def test_a_question_while_it_is_asked_about_another_begins_a_turn(make, ask):
    chat = thread(asking(make, 0.0005))
    chat(ask(QUESTION))
    asked = request(chat(ask("When was the bridge of town04 opened?")))
    assert asked["question"] == "When was the bridge of town04 opened?"
