"""Stages that a policy may name or leave out, shipped ones and a user's own."""

import numpy as np
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag.errors import ObjectError, PolicyError
from dynamicrag.stages.adding import add_stage
from dynamicrag.stages.base import STAGES, StageBase
from dynamicrag.topology import TOPOLOGY, Stage

from .conftest import call

QUESTION = "When was the bridge of town03 opened?"


def stages_of(out):
    return [decision["stage"] for decision in out["rag"]["decisions"]]


def one(option, spec=None):
    return {"options": {option: spec}}


def test_a_stage_that_a_policy_does_not_name_is_not_there(make, ask):
    rag = make()
    assert list(rag.pipeline.stages) == ["retrieval", "retriever", "context", "prompt", "generator"]
    app = rag.build_graph().compile()
    assert not {"rewrite", "rerank"} & set(app.get_graph().nodes)
    assert "rewrite" not in app.invoke(ask(QUESTION))["rag"]["report"]["path"]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_other_wordings_are_searched_for_beside_the_question(make, ask, how):
    make.scripts["helper"] = lambda kind, text: "1. the crossing of town05\n- town07, its bridge\n"
    rag = make(stages={"rewrite": one("multi_query"), "context": {"options": {"long": {"chunks": 6}}}})
    out = call(rag.build_graph().compile(), how, ask(QUESTION))
    assert out["rag"]["turn"]["queries"] == [QUESTION, "the crossing of town05", "town07, its bridge"]
    found = {passage["document"] for passage in out["rag"]["turn"]["candidates"]}
    assert {"town03.md", "town05.md", "town07.md"} <= found
    assert stages_of(out)[:3] == ["retrieval", "rewrite", "retriever"]
    assert out["rag"]["report"]["stages"]["rewrite"]["seconds"]["value"] > 0


def test_a_made_up_passage_stands_behind_the_question(make, ask):
    make.scripts["helper"] = lambda kind, text: "It was opened\nin 1813."
    out = make(stages={"rewrite": one("hyde")}).build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["turn"]["queries"] == [f"{QUESTION} It was opened in 1813."]


@pytest.mark.parametrize("said", ["", "BREAK", "?"])
def test_where_nothing_of_use_is_said_the_question_is_searched_for(make, ask, said):
    make.scripts["helper"] = lambda kind, text: said
    out = make(stages={"rewrite": one("decompose")}).build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["turn"]["queries"] == []
    assert out["messages"][-1].text == "The bridge of town03 opened"


def test_without_retrieval_nothing_is_rewritten_or_put_in_order(make, ask):
    stages = {
        "retrieval": {"options": ["none"]},
        "rewrite": one("multi_query"),
        "rerank": one("llm"),
    }
    rag = make(stages=stages)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert stages_of(out) == ["retrieval", "prompt", "generator", "verification"]
    assert not make.models["helper"].calls


def test_rewriting_is_expected_to_cost_its_call(make):
    price = {"usd": {"call": 0.01}}
    models = {name: {"model": f"fake:{name}", "profile": price} for name in ("small", "helper")}
    stages = {
        "rewrite": {"options": ["none", "multi_query"], "router": {"fixed": {"option": "none"}}},
        "generator": {"options": ["small"]},
    }
    rag = make(models=models, stages=stages)
    plain, more = (
        rag.pipeline.decider.price("What?", {"rewrite": name}) for name in stages["rewrite"]["options"]
    )
    assert more["usd"] == pytest.approx(plain["usd"] + 0.01)


def test_a_model_puts_passages_in_order(make, ask):
    make.scripts["helper"] = lambda kind, text: "2, 1" if "Rank the" in text or "Ranking" in text else "?"
    rag = make(stages={"rerank": one("llm", {"depth": 3})})
    before = make().build_graph().compile().invoke(ask(QUESTION))["rag"]["turn"]["candidates"]
    after = rag.build_graph().compile().invoke(ask(QUESTION))["rag"]["turn"]["candidates"]
    assert [each["id"] for each in after[:3]] == [before[i]["id"] for i in (1, 0, 2)]
    assert [each["id"] for each in after[3:]] == [each["id"] for each in before[3:]]


@pytest.mark.parametrize(
    ("stage", "section", "said"),
    [
        (
            "rerank",
            one("llm", {"depth": 1}),
            r"options.llm.depth: expected a whole number from 2 to 100",
        ),
        ("rerank", one("cross_encoder"), r"rerank.options.cross_encoder.model: is missing"),
        ("rerank", one("mmr", {"diversity": 2}), r"diversity: expected a number from 0 to 1, got 2"),
        (
            "rerank",
            one("best"),
            r"options: unknown option 'best'; valid: cross_encoder, llm, mmr, none",
        ),
        ("rerank", one("mmr", {"model": "small"}), r"rerank.options.mmr: unknown parameter 'model'"),
        ("rewrite", one("hyde", {"model": "huge"}), r"rewrite.options.hyde.model: unknown model 'huge'"),
        ("rewrite", one("hide"), r"rewrite.options: unknown option 'hide'; did you mean 'hyde'"),
        ("rewite", one("hyde"), r"stages: unknown key 'rewite'; did you mean 'rewrite'"),
    ],
)
def test_bad_sections(make, stage, section, said):
    with pytest.raises(PolicyError, match=said):
        make(stages={stage: section})


@pytest.mark.slow
def test_a_cross_encoder_that_is_not_there_leaves_the_next_option(make, ask, tmp_path):
    options = {"none": None, "cross_encoder": {"model": str(tmp_path / "nothing")}}
    router = {"fixed": {"option": "cross_encoder"}}
    rag = make(stages={"rerank": {"options": options, "router": router}})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["report"]["path"]["rerank"] == "none"
    assert "cannot be loaded" in [d for d in out["rag"]["decisions"] if d["stage"] == "rerank"][-1]["reason"]


@pytest.fixture
def guard():
    """A user's stage that drops passages, and brings a signal."""

    @add_stage(Stage("guard", passed_by={"retrieval": ("none",)}, evidence=("guard",)), after="rerank")
    class Guard(StageBase):
        async def act(self, option, turn, run):
            if option.name == "none":
                return {}
            kept = [each for each in turn["candidates"] if option.params["word"] in each["text"]]
            return {"candidates": kept}

        async def evidence(self, turn):
            return {"guarded": float(len(turn["candidates"]))}

    yield Guard
    STAGES._classes.pop("guard")
    TOPOLOGY.remove("guard")


def test_a_stage_of_the_users_own(make, ask, guard):
    options = {"none": None, "only": {"word": "town04"}}
    rag = make(stages={"guard": {"options": options, "router": {"fixed": {"option": "only"}}}})
    app = rag.build_graph().compile()
    assert "guard" in app.get_graph().nodes
    out = app.invoke(ask(QUESTION))
    assert stages_of(out)[:3] == ["retrieval", "retriever", "guard"]
    assert {passage["document"] for passage in out["rag"]["turn"]["candidates"]} <= {"town04.md"}
    later = next(d for d in out["rag"]["decisions"] if d["stage"] == "context")
    assert later["features"]["guarded"] == len(out["rag"]["turn"]["candidates"])
    assert out["rag"]["report"]["path"]["guard"] == "only"


def test_a_policy_without_the_users_stage_is_as_before(make, ask, guard):
    assert "guard" not in stages_of(make().build_graph().compile().invoke(ask(QUESTION)))


def test_two_stages_of_one_name(guard):
    with pytest.raises(PolicyError, match="stage 'guard'"):
        add_stage(Stage("guard"), after="context")(guard)


async def _raises(self, option, turn, run):
    raise KeyError("boom")


async def _keeps_numpy(self, option, turn, run):
    return {"candidates": [{**each, "score": np.float32(0.5)} for each in turn["candidates"]]}


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (_raises, r"stages.guard \(Guard\), act\(\) failed: KeyError: 'boom'"),
        (lambda self, option, turn, run: {}, r"act\(\) returned {} at once; write it with 'async def'"),
    ],
)
def test_a_users_stage_that_fails_is_named(make, ask, guard, act, said):
    guard.act = act
    rag = make(stages={"guard": {"options": ["none"]}})
    with pytest.raises(ObjectError, match=said):
        rag.build_graph().compile().invoke(ask(QUESTION))


def test_a_checkpointer_keeps_what_a_users_stage_computes_with_numpy(make, ask, guard):
    guard.act = _keeps_numpy
    rag = make(stages={"guard": {"options": ["none"]}})
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    out = app.invoke(ask(QUESTION), {"configurable": {"thread_id": "1"}})
    assert type(out["rag"]["turn"]["candidates"][0]["score"]) is float


@pytest.mark.parametrize("name", ["", "a b", ":x", "finish", "begin", "messages"])
def test_names_that_the_graph_cannot_have(name):
    with pytest.raises(PolicyError, match="cannot be its name; valid: letters, digits and '_', not "):
        add_stage(Stage(name), after="rerank")


def test_a_class_that_is_no_stage_leaves_no_row():
    with pytest.raises(PolicyError, match="stage 'odd': object is not a subclass of StageBase"):
        add_stage(Stage("odd"), after="rerank")(object)
    assert "odd" not in TOPOLOGY


WITHHOLDS = {
    "options": ["accept", "ask_again", "abstain"],
    "verifiers": ["unanswerable", "entity_coverage", "groundedness"],
    "router": {
        "thresholds": {"ungrounded": {"entity_coverage": 0.7}, "abstain": ["ungrounded", "unanswerable"]}
    },
}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_draft_that_would_be_withheld_is_not_written(make, ask, how):
    """Every passage speaks of a bridge over the Ondry, and none of Zarquon."""
    rag = make(stages={"verification": WITHHOLDS}, outside="abstain")
    out = call(rag.build_graph().compile(), how, ask("When was the bridge over the Ondry in Zarquon opened?"))
    assert out["rag"]["report"]["abstained"]
    assert not make.models["small"].calls
    assert stages_of(out) == ["retrieval", "retriever", "verification"]
    assert out["rag"]["decisions"][-1]["reason"].startswith("ungrounded: entity_coverage")
    assert out["rag"]["report"]["drafts"] == {"written": 0, "stands": None}


def test_where_another_retriever_may_find_it_a_draft_is_written(make, ask):
    moves = {"options": ["accept", "escalate", "abstain"], "escalate": {"ungrounded": "context"}}
    context = {
        "options": {"short": {"chunks": 1}, "long": {"chunks": 4}},
        "router": {"fixed": {"option": "short"}},
    }
    rag = make(stages={"verification": {**WITHHOLDS, **moves}, "context": context}, outside="abstain")
    out = rag.build_graph().compile().invoke(ask("When was the bridge over the Ondry in Zarquon opened?"))
    assert make.models["small"].calls
    assert out["rag"]["report"]["abstained"]
