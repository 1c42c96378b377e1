"""Graphs with a state of their own: other keys, another prefix, several of ours side by side."""

import importlib.util
import operator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Send

from dynamicrag import InputError, PolicyError, RagChannel

from .conftest import TOWNS, call
from .test_turns import FIRST, THREAD, TURNS

EXAMPLES = Path(__file__).parents[2] / "examples"
ANSWER = "The bridge of town03 opened"
NAMES = {"question": "question", "answer": "answer", "prefix": "kb"}
PRICED = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": 0.01}}}
    for name in ("small", "medium", "large", "helper")
}


class Plain(TypedDict):
    question: str
    answer: str


class Open(Plain):
    kb: RagChannel


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chain(rag, schema, *stages, **names):
    builder = StateGraph(schema)
    for here, there in zip([START, *stages], [*stages, END], strict=True):
        if here != START:
            rag.add_node(builder, here, stage=here, **{**NAMES, **names})
        builder.add_edge(here, there)
    return builder


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("stages", [["retriever", "generator", "finish"], ["retriever", "generator"]])
def test_a_question_becomes_an_answer(make, how, stages):
    rag = make()
    app = chain(rag, Open, *stages).compile()
    out = call(app, how, {"question": FIRST})
    assert out["answer"] == ANSWER
    assert out["question"] == FIRST
    assert out["kb"]["turn"]["candidates"][0]["document"] == "town03.md"
    assert bool(out["kb"]["report"]) == ("finish" in stages)


def test_who_does_not_read_the_channel_asks_for_the_decisions(make):
    rag, reports = make(), []
    app = chain(rag, Plain, "begin", "retrieval", "retriever", "context", "generator", "verification",
                "finish").compile()  # fmt: skip
    for event in app.stream({"question": FIRST}, stream_mode="custom"):
        if event["type"] == "report":
            reports.append(event)
    (report,) = reports
    made = rag.decisions(report["query_id"])
    assert [d["seq"] for d in made] == list(range(6))
    assert rag.decisions("nobody") == []
    assert rag.cost(report["query_id"])["seconds"] > 0
    assert set(app.invoke({"question": FIRST})) == {"question", "answer"}


def test_decisions_are_kept_where_texts_are(make, monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    rag = make(runs={"text": True})
    query = rag.build_graph().compile().invoke({"messages": [("user", FIRST)]})["rag"]["turn"]["id"]
    assert rag.flush()
    assert [d["seq"] for d in make(runs={"text": True}).decisions(query)] == list(range(6))


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_whole_graph_under_other_names(make, how):
    app = make().build_graph(**NAMES).compile(checkpointer=InMemorySaver())
    assert set(app.get_input_jsonschema()["properties"]) == {"question"}
    out = [call(app, how, {"question": question}, THREAD) for question in (FIRST, FIRST, TURNS[2])]
    assert [each["answer"] for each in out] == [ANSWER, ANSWER, ANSWER.replace("03", "07")]
    assert set(out[0]) == {"answer", "kb"}
    assert len({each["kb"]["turn"]["id"] for each in out}) == 3
    assert {d["turn"] for d in out[2]["kb"]["decisions"]} == {out[2]["kb"]["turn"]["id"]}
    only = make().build_graph(question="query", prefix="mine").compile().invoke({"query": FIRST})
    assert only["messages"][-1].text == ANSWER


def test_the_same_question_again_is_a_new_turn(make):
    app = chain(make(), Open, "retriever", "generator").compile(checkpointer=InMemorySaver())
    first, second = (app.invoke({"question": FIRST}, THREAD) for _ in range(2))
    assert first["kb"]["turn"]["id"] < second["kb"]["turn"]["id"]
    assert make.models["small"].kinds() == ["answer"] * 2
    assert len(second["kb"]["decisions"]) == len(first["kb"]["decisions"])
    assert len(second["kb"]["account"]) == len(first["kb"]["account"])


def test_an_abstention_is_an_answer(make):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    rule = {"options": ["accept", "abstain"], "verifiers": ["unanswerable"], "router": "thresholds"}
    app = chain(make(stages={"verification": rule}), Open, "retriever", "generator", "verification").compile()
    assert app.invoke({"question": FIRST})["answer"].startswith("I could not find")


@pytest.mark.parametrize("question", [None, 7, "", [HumanMessage("Who?")]])
def test_a_question_that_is_no_text_is_refused(make, question):
    app = make().build_graph(**NAMES).compile()
    with pytest.raises(InputError, match=r"^question: "):
        app.invoke({"question": question})


def clash(schema, match, rag, name="search", stage="finish", before=lambda builder: None, **names):
    builder = StateGraph(schema)
    before(builder)
    with pytest.raises(PolicyError, match=match):
        rag.add_node(builder, name, stage=stage, **names)


class Taken(MessagesState):
    rag: str


class Untidy(TypedDict):
    messages: list
    questions: Annotated[list[str], operator.add]


class Twice(MessagesState):
    question: str
    answer: str
    second: str
    reply: str


class Joined(TypedDict):
    question: str
    answer: Annotated[str, operator.add]


def test_nodes_that_share_a_prefix_share_the_question_and_the_answer(make):
    rag = make()
    add = lambda b: rag.add_node(b, "theirs", stage="finish", question="question", answer="answer")  # noqa: E731
    clash(
        Twice, "its question is 'second', and that of node 'theirs' 'question'; nodes that share the prefix",
        rag, stage="retriever", question="second", before=add,
    )  # fmt: skip
    clash(
        Twice, "its answer is 'reply', and that of node 'theirs' 'answer'",
        rag, question="question", answer="reply", before=add,
    )  # fmt: skip
    builder = StateGraph(Twice)
    add(builder)
    rag.add_node(builder, "search", stage="retriever", question="question")  # it writes no answer
    rag.add_node(builder, "elsewhere", stage="finish", question="second", answer="reply", prefix="kb")


def test_an_answer_is_not_added_up(make):
    clash(Joined, r"answer='answer': that key .* has a reducer.*declare the key as str", make(), **NAMES)
    make().add_node(StateGraph(Joined), "search", stage="retriever", question="question")


def test_clashes_are_found_when_the_node_is_added(make):
    rag, other = make(), make()
    clash(Taken, r"key 'rag'; declare it as 'rag: RagChannel'", rag)
    clash(Plain, r"no key 'messages'; name the key of the question.*\(there are answer, question\)", rag)
    clash(Plain, r"no key 'messages'; name the key of the answer", rag, question="question")
    clash(Plain, r"question: unknown key.*'qestion'; did you mean 'question'", rag, question="qestion")
    clash(Untidy, "question='questions': that key .* is of type list.*, not str", rag, question="questions")
    clash(Untidy, "'messages' of the graph's state has no reducer", rag)
    clash(Plain, "question is 7", rag, question=7)
    clash(Plain, "prefix and question are both|answer and question are both", rag, question="a", answer="a")
    clash(Plain, "prefix and the conversation are both 'messages'", rag, prefix="messages")
    clash(Plain, "'answer' is a key of the graph's state", rag, name="answer", **NAMES)
    clash(MessagesState, "has a node 'rag'", rag, before=lambda b: b.add_node("rag", lambda s: {}))
    add = lambda b: other.add_node(b, "theirs", stage="retriever")  # noqa: E731
    clash(MessagesState, "node 'theirs' of another DynamicRAG keeps its state in 'rag'", rag, before=add)
    clash(MessagesState, "already has a node of that name", rag, name="theirs", before=add)
    with pytest.raises(PolicyError, match="build_graph: prefix is ''"):
        rag.build_graph(prefix="")


def test_what_does_not_clash_is_added(make):
    class Wide(TypedDict):
        question: str | None
        answer: Any
        kb: RagChannel

    rag = make()
    app = chain(rag, Wide, "retriever", "generator", "finish").compile()
    assert app.invoke({"question": FIRST})["answer"] == ANSWER


def test_the_example_with_a_state_of_its_own(make):
    out = example("foreign_state").build(make()).invoke({"customer": "Mr Wren", "question": FIRST})
    assert out["answer"].splitlines()[:2] == ["Dear Mr Wren,", ANSWER]
    assert "About town03" in out["answer"]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_example_with_two_branches(make, how):
    make.scripts["small"] = lambda kind, text: "One"
    visiting = make()
    make.scripts["small"] = lambda kind, text: "Two"
    app = example("two_branches").build(visiting, make())
    assert call(app, how, {"question": FIRST})["both"] == "Visitors: One\nResidents: Two"


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_example_with_ten_questions_at_once(make, how, saved):
    rag = make(models=PRICED)
    app = example("many_questions").build(rag)
    if saved:
        app.checkpointer = InMemorySaver()
    given = {"messages": [("user", f"When was the bridge of {town} opened?") for town in TOWNS[:10]]}
    out = call(app, how, given, THREAD if saved else None)
    answers = [message for message in out["messages"] if message.type == "ai"]
    assert [message.text for message in answers] == [f"The bridge of {town} opened" for town in TOWNS[:10]]
    queries = [message.response_metadata["dynamicrag"]["query_id"] for message in answers]
    assert len(set(queries)) == 10
    channel = out["rag"]
    assert {d["turn"] for d in channel["decisions"]} == set(queries) == {*channel["siblings"], max(queries)}
    assert len(channel["decisions"]) == 60
    for query, message in zip(queries, answers, strict=True):
        mine = [line for line in channel["account"] if line["query"] == query]
        assert len(mine) == len(rag.account(query).lines)
        assert rag.cost(query)["usd"] == pytest.approx(0.01)
        assert message.response_metadata["dynamicrag"]["cost"]["usd"]["value"] == pytest.approx(0.01)


def test_sent_queries_of_an_earlier_turn_go(make):
    """The channel of a parent does not grow with the conversation."""

    class Survey(TypedDict):
        towns: list[str]
        rag: RagChannel

    def send(state):
        return [
            Send("ask", {"messages": [("user", f"When was the bridge of {t} opened?")]})
            for t in state["towns"]
        ]

    builder = StateGraph(Survey)
    builder.add_node("ask", make().build_graph().compile())
    builder.add_conditional_edges(START, send, ["ask"])
    app = builder.compile(checkpointer=InMemorySaver())
    for turn in range(3):
        out = app.invoke({"towns": TOWNS[turn : turn + 3]}, {**THREAD, "max_concurrency": 1})
        assert len({d["turn"] for d in out["rag"]["decisions"]}) == 3
        assert len(out["rag"]["decisions"]) == 18
        assert len(out["rag"]["siblings"]) == 2
