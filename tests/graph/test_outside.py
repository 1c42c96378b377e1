"""Questions that the documents do not speak of, and drafts that are asked for again."""

from itertools import pairwise

import pytest

from dynamicrag import PolicyError
from dynamicrag.text.withheld import ABSTAINED

from .conftest import call

CONTEXT = {"options": {"nothing": {"chunks": 0}, "short": {"chunks": 3}}, "router": "prior"}
STRANGE = "Who wrote Faust?"  # none of its words occurs
MIXED = "Which composer crosses Bohemia with a violin quartet?"  # one does
NEAR = "When was the bridge of town03 opened?"


def stages(*verdicts):
    return {
        "context": CONTEXT,
        "verification": {
            "options": list(verdicts),
            "verifiers": ["unanswerable", "groundedness"],
            "router": {"thresholds": {"groundedness": 0.5, "abstain": ["unanswerable", "ungrounded"]}},
        },
    }


@pytest.fixture
def outside(make):
    return lambda **more: make(stages=stages("accept", "ask_again", "abstain"), **more)


def told(out):
    return [
        (d["stage"], d["chosen"])
        for d in out["rag"]["decisions"]
        if d["stage"] in ("context", "verification")
    ]


def shown(model):
    return ["<passages>" in messages[-1].text for kind, messages in model.calls if kind == "answer"]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_what_the_documents_do_not_speak_of_is_answered_without_them_and_marked(make, outside, ask, how):
    make.scripts["small"] = lambda kind, text: "Goethe"
    out = call(outside().build_graph().compile(), how, ask(STRANGE))
    assert out["messages"][-1].text == "Goethe"
    assert told(out) == [("context", "nothing"), ("verification", "accept")]
    assert out["rag"]["report"]["path"]["retrieval"] == "single"
    assert out["rag"]["report"]["outside"]
    assert out["messages"][-1].response_metadata["dynamicrag"]["outside"]
    assert shown(make.models["small"]) == [False]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_policy_may_abstain_there_before_anything_is_written(make, outside, ask, how):
    out = call(outside(outside="abstain").build_graph().compile(), how, ask(STRANGE))
    assert out["messages"][-1].text == ABSTAINED
    assert out["rag"]["report"]["outside"]
    assert out["rag"]["report"]["abstained"]
    assert make.models["small"].calls == []
    assert told(out) == [("verification", "abstain")]
    assert out["rag"]["decisions"][-1]["reason"] == "the documents do not cover it"


def test_abstaining_needs_its_option(make):
    with pytest.raises(PolicyError, match=r"outside: 'abstain' needs the option 'abstain'"):
        make(stages=stages("accept"), outside="abstain")


def test_an_ungrounded_draft_on_strange_passages_is_asked_for_without_them(make, outside, ask):
    make.scripts["small"] = lambda kind, text: "Ondry" if "<passages>" not in text else "Smetana himself"
    out = outside().build_graph().compile().invoke(ask(MIXED))
    assert out["messages"][-1].text == "Ondry"
    assert told(out)[1:] == [("verification", "ask_again"), ("verification", "accept")]
    assert shown(make.models["small"]) == [True, False]
    assert out["rag"]["report"]["outside"]


def test_a_draft_that_declines_is_asked_for_from_the_best_passages(make, outside, ask):
    replies = iter(["unanswerable", "The bridge of town03 was opened in 1813."])
    make.scripts["small"] = lambda kind, text: next(replies)
    out = outside().build_graph().compile().invoke(ask(NEAR))
    assert out["messages"][-1].text == "The bridge of town03 was opened in 1813."
    assert not out["rag"]["report"]["outside"]
    assert out["rag"]["report"]["drafts"] == {"written": 2, "stands": 2}
    assert [step["option"] for step in out["rag"]["report"]["escalations"]] == ["ask_again"]
    assert shown(make.models["small"]) == [True, True]


def test_what_the_documents_speak_of_without_the_answer_is_withheld(make, outside, ask):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    out = outside().build_graph().compile().invoke(ask(NEAR))
    assert out["messages"][-1].text == ABSTAINED
    assert shown(make.models["small"]) == [True, True]
    assert not out["rag"]["report"]["outside"]


def test_a_second_draft_that_only_repeats_the_question_does_not_stand(make, outside, ask):
    replies = iter(["unanswerable", "The bridge of town03 was not opened."])
    make.scripts["small"] = lambda kind, text: next(replies)
    out = outside().build_graph().compile().invoke(ask(NEAR))
    assert out["messages"][-1].text == ABSTAINED


def test_near_the_documents_an_ungrounded_draft_is_withheld_at_once(make, outside, ask):
    make.scripts["small"] = lambda kind, text: "Napoleon Bonaparte himself"
    out = outside().build_graph().compile().invoke(ask(NEAR))
    assert out["messages"][-1].text == ABSTAINED
    assert shown(make.models["small"]) == [True]


def test_a_policy_that_abstains_outside_never_answers_from_the_models_knowledge(make, outside, ask):
    make.scripts["small"] = lambda kind, text: "Bedrich Smetana himself"
    out = outside(outside="abstain").build_graph().compile().invoke(ask(MIXED))
    assert out["messages"][-1].text == ABSTAINED
    assert shown(make.models["small"]) == [True]


def test_a_second_asking_that_fails_leaves_the_verdict(make, outside, ask):
    replies = iter(["unanswerable", "BREAK"])
    make.scripts["small"] = lambda kind, text: next(replies)
    out = outside().build_graph().compile().invoke(ask(NEAR))
    assert out["messages"][-1].text == ABSTAINED


def test_single_nodes_abstain_before_writing_too(make, outside, ask):
    from langgraph.graph import MessagesState, StateGraph

    rag = outside(outside="abstain")
    builder = StateGraph(MessagesState)
    order = ["retriever", "generator", "verification", "finish"]
    for name in order:
        rag.add_node(builder, name, stage=name)
    builder.set_entry_point(order[0])
    for left, right in pairwise(order):
        builder.add_edge(left, right)
    out = builder.compile().invoke(ask(STRANGE))
    assert out["messages"][-1].text == ABSTAINED


async def test_who_streams_sees_the_first_draft_withdrawn_and_the_second_whole(make, outside, ask):
    replies = iter(["unanswerable", "The bridge of town03 was opened in 1813."])
    make.scripts["small"] = lambda kind, text: next(replies)
    app = outside().build_graph().compile()
    shown, withdrawn = {}, []
    async for mode, data in app.astream(ask(NEAR), stream_mode=["messages", "custom"]):
        if mode == "messages" and data[0].type != "human":
            shown[data[0].id] = shown.get(data[0].id, "") + data[0].text
        elif mode == "custom" and data["type"] == "withdrawn":
            withdrawn.append((data["message_id"], data["reason"]))
    (first, last) = shown.items()
    assert first[1] == "unanswerable"
    assert withdrawn == [(first[0], "ask_again")]
    assert last[1] == "The bridge of town03 was opened in 1813."
