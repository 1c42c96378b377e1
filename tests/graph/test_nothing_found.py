"""Questions for which retrieval finds nothing: an answer is the model's own, and says so."""

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.graph.tool import OUTSIDE
from dynamicrag.testing import FakeRetriever, ScriptedChat
from dynamicrag.text.withheld import ABSTAINED

QUESTION = "When does the museum open?"
GUESS = "At ten, I guess."
VERDICTS = {"verification": {"options": ["accept", "abstain"], "router": "thresholds"}}


def rag(found=(), stages=None, **more):
    policy = {
        "version": 1,
        "models": {"m": {}},
        "stages": {"retriever": {"options": ["kb"]}, "generator": {"options": ["m"]}, **(stages or {})},
        **more,
    }
    model = ScriptedChat(script=lambda kind, text: GUESS)
    return DynamicRAG.from_policy(policy, models={"m": model}, retrievers={"kb": FakeRetriever(list(found))})


def report(made, question=QUESTION):
    return made.build_graph().compile().invoke({"messages": [("user", question)]})["rag"]["report"]


def as_tool(made):
    call = {"name": "hours", "args": {"question": QUESTION}, "id": "1", "type": "tool_call"}
    return made.as_tool("hours", "Opening hours.").invoke(call)


def test_the_answer_is_marked_as_outside_of_the_documents():
    found = report(rag())
    assert found["outside"]
    assert not found["abstained"]
    assert found["sources"] == []


@pytest.mark.slow
def test_an_answer_from_passages_is_not():
    assert not report(rag(["The museum opens at ten."]))["outside"]


def test_nor_is_one_for_which_no_retrieval_was_wanted():
    made = rag(stages={"retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}}})
    found = report(made, "Hello!")
    assert found["path"]["retrieval"] == "none"
    assert not found["outside"]


def test_a_filter_that_leaves_nothing_is_nothing_found():
    config = {"configurable": {"rag": {"filter": {"tenant": "c"}}}}
    made = rag(["The museum opens at ten."])
    state = made.build_graph().compile().invoke({"messages": [("user", QUESTION)]}, config)
    assert state["rag"]["report"]["outside"]


@pytest.mark.slow
def test_the_tool_says_so_to_the_agent():
    message = as_tool(rag())
    assert message.content == f"{GUESS}\n\n{OUTSIDE}"
    assert message.artifact["outside"]


@pytest.mark.parametrize("context", [{"short": {"chunks": 3}}, {"best": {"adaptive": True, "chunks": 3}}])
def test_a_policy_may_abstain_before_anything_is_written(context):
    made = rag(stages={"context": {"options": context}, **VERDICTS}, outside="abstain")
    message = as_tool(made)
    assert message.artifact["abstained"]
    assert message.artifact["answer"] == ABSTAINED
    assert "generator" not in {line.stage for line in made.account(message.artifact["query_id"]).lines}


@pytest.mark.slow
def test_the_policy_does_not_abstain_if_no_retrieval_was_wanted():
    none = {"retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}}}
    found = report(rag(stages={**none, **VERDICTS}, outside="abstain"), "Hello!")
    assert not found["abstained"]
