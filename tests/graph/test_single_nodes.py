"""Our nodes, one by one, in graphs of the user's own."""

import itertools
import operator
import re
from typing import Annotated, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import InputError, PolicyError, RagChannel, RagState

from .conftest import call
from .test_turns import FIRST, THREAD, TURNS


class Guarded(MessagesState):
    safe: bool


def chain(rag, seen, *stages):
    """Our nodes in a row, and one of the user's that looks at what they left; plain ``MessagesState``."""
    builder = StateGraph(MessagesState)
    for stage in stages:
        rag.add_node(builder, f"our_{stage}", stage=stage)
    builder.add_node("look", lambda state: seen.append(state), input_schema=RagState)
    names = [START, *(f"our_{stage}" for stage in stages), "look", END]
    for here, there in itertools.pairwise(names):
        builder.add_edge(here, there)
    return builder


@pytest.fixture
def seen():
    return []


@pytest.mark.parametrize("how", ["sync", "async"])
def test_keys_that_the_graph_lacks_survive_between_nodes(make, ask, seen, how):
    app = chain(make(), seen, "retriever", "generator", "finish").compile()
    out = call(app, how, ask(FIRST))
    assert out["messages"][-1].text == "The bridge of town03 opened"
    (out,) = seen
    assert out["rag"]["turn"]["candidates"][0]["document"] == "town03.md"
    assert [d["stage"] for d in out["rag"]["decisions"]] == ["retriever", "context", "prompt", "generator"]
    assert out["rag"]["report"]["passages"]


def test_a_generator_after_a_context_does_not_choose_it_again(make, ask, seen):
    chain(make(), seen, "retriever", "context", "generator").compile().invoke(ask(FIRST))
    assert [d["stage"] for d in seen[0]["rag"]["decisions"]] == [
        "retriever",
        "context",
        "prompt",
        "generator",
    ]


def test_a_generator_alone_answers_without_passages(make, ask, seen):
    chain(make(), seen, "generator", "finish").compile().invoke(ask("Say town09"))
    assert [d["stage"] for d in seen[0]["rag"]["decisions"]] == ["prompt", "generator"]
    (_, messages), *_ = make.models["small"].calls
    assert "<passages>" not in messages[-1].text
    assert seen[0]["rag"]["report"]["passages"] == []


def test_every_node_in_order_does_what_the_whole_graph_does(make, ask, seen):
    stages = ["begin", "retrieval", "retriever", "context", "generator", "verification", "finish"]
    rag = make()
    own = chain(rag, seen, *stages).compile().invoke(ask(FIRST))
    whole = rag.build_graph().compile().invoke(ask(FIRST))
    assert seen[0]["rag"]["report"]["path"] == whole["rag"]["report"]["path"]
    assert own["messages"][-1].text == whole["messages"][-1].text


def test_turns_follow_one_another_without_a_node_that_begins_them(make, ask, seen):
    app = chain(make(), seen, "retriever", "generator", "finish").compile(checkpointer=InMemorySaver())
    for number, question in enumerate([TURNS[0], TURNS[2]], 1):
        out = app.invoke(ask(question), THREAD)
        assert len(out["messages"]) == 2 * number
    assert out["messages"][-1].text == "The bridge of town07 opened"
    assert [{d["turn"] for d in state["rag"]["decisions"]} for state in seen] == [
        {s["rag"]["turn"]["id"]} for s in seen
    ]
    assert seen[0]["rag"]["turn"]["id"] < seen[1]["rag"]["turn"]["id"]


def test_nodes_of_both_sides_work_together(make, ask):
    rag = make()
    builder = StateGraph(Guarded)
    rag.add_node(builder, "search", stage="retriever")
    rag.add_node(builder, "answer", stage="generator")
    rag.add_node(builder, "finish", stage="finish")
    builder.add_node("guard", lambda state: {"safe": "bomb" not in state["messages"][-1].text})
    builder.add_node("refuse", lambda state: {"messages": [AIMessage("No.")]})
    builder.add_edge(START, "guard")
    builder.add_conditional_edges("guard", lambda state: "search" if state["safe"] else "refuse")
    builder.add_edge("search", "answer")
    builder.add_edge("answer", "finish")
    app = builder.compile()
    assert app.invoke(ask(FIRST))["messages"][-1].text == "The bridge of town03 opened"
    assert app.invoke(ask("How is a bomb built?"))["messages"][-1].text == "No."
    assert make.models["small"].kinds() == ["answer"]


@pytest.mark.parametrize("before", [(), ("retriever",), ("retriever", "context")])
def test_a_verification_without_a_draft_says_so(make, ask, seen, before):
    app = chain(make(), seen, *before, "verification", "finish").compile()
    with pytest.raises(InputError, match=r"^verification: there is no draft.*stage='generator'"):
        app.invoke(ask(FIRST))


def say(kind, text):
    return f"The bridge of {re.findall('town[0-9]+', text)[-1]} opened"


class Listed(TypedDict):
    messages: Annotated[list, operator.add]


class Kept(Listed):
    rag: RagChannel


@pytest.mark.parametrize(
    "stages", [("generator", "finish"), ("begin", "generator", "verification", "finish")]
)
@pytest.mark.parametrize(("schema", "name"), [(Listed, None), (Listed, "x"), (MessagesState, "x")])
def test_a_question_without_an_id_of_its_own_is_answered(make, schema, name, stages):
    """Messages of a plain list have no ids, and one that was edited keeps its id."""
    make.scripts["small"] = say
    rag, builder = make(), StateGraph(schema)
    for here, there in itertools.pairwise([START, *stages, END]):
        if here != START:
            rag.add_node(builder, here, stage=here)
        builder.add_edge(here, there)
    app = builder.compile(checkpointer=InMemorySaver())
    for town in ("town09", "town03", "town03", "town05"):
        out = app.invoke({"messages": [HumanMessage(f"Say {town}", id=name)]}, THREAD)
        if schema is Listed:
            assert out["messages"][-1].text == f"The bridge of {town} opened"
    assert out["messages"][-1].text == "The bridge of town05 opened"
    if name is None:
        assert len(make.models["small"].calls) == 4, "the same question may be asked again"


def test_a_state_that_is_passed_back_is_of_the_turn_before(make):
    make.scripts["small"] = say
    rag, builder = make(), StateGraph(Kept)
    rag.add_node(builder, "answer", stage="generator")
    rag.add_node(builder, "finish", stage="finish")
    builder.add_edge(START, "answer")
    builder.add_edge("answer", "finish")
    app = builder.compile()
    out = app.invoke({"messages": [HumanMessage("Say town09")]})
    out = app.invoke({**out, "messages": [*out["messages"], HumanMessage("Say town03")]})
    assert out["messages"][-1].text == "The bridge of town03 opened"


def test_a_finish_without_a_draft_does_not_repeat_the_answer_before(make, ask):
    rag = make()
    builder = StateGraph(MessagesState)
    rag.add_node(builder, "answer", stage="generator")
    rag.add_node(builder, "finish", stage="finish")
    builder.add_conditional_edges(
        START, lambda state: "finish" if "bomb" in state["messages"][-1].text else "answer"
    )
    builder.add_edge("answer", "finish")
    app = builder.compile(checkpointer=InMemorySaver())
    assert app.invoke(ask("Say town09"), THREAD)["messages"][-1].text.startswith("The bridge")
    assert app.invoke(ask("How is a bomb built?"), THREAD)["messages"][-1].text.startswith("I could not find")


def test_an_unknown_stage_names_the_valid_ones(make):
    with pytest.raises(PolicyError, match=r"add_node\('a'\).*did you mean 'retriever'"):
        make().add_node(StateGraph(MessagesState), "a", stage="retreiver")
