"""The plan before retrieval, the plan anew on evidence, and what it changes."""

import pytest

from dynamicrag.routers.base import Choice, Router

from .test_books import PRICED

QUESTION = "When was the bridge of town03 opened?"


class OnEvidence(Router):
    """Takes the strongest option once passages are known, and the weakest before."""

    registered = "on_evidence"
    plans = True

    def __init__(self):
        self.seen = []

    async def choose(self, context):
        self.seen.append(context)
        known = bool(context.features.get("passages"))
        return Choice(context.nearest(len(context.options) - 1 if known else 0), f"passages known: {known}")


class OutOfOrder(OnEvidence):
    """Does not plan."""

    registered = "no_plans"
    plans = False


STAGES = {
    "context": {"options": {"short": {"chunks": 1}, "long": {"chunks": 3}}, "router": "mine"},
    "generator": {"options": ["small", "medium", "large"], "router": "mine"},
}


@pytest.fixture
def asked(make, ask):
    def go(router, stages=STAGES, **changes):
        rag = make(stages=stages, objects={"routers": {"mine": router}}, **changes)
        return rag, rag.build_graph().compile().invoke(ask(QUESTION))

    return go


def plans(out):
    return {each["stage"]: each["plan"] for each in out["rag"]["decisions"] if "plan" in each}


def test_the_plan_is_made_before_retrieval_and_anew_after_it(asked):
    _, out = asked(OnEvidence())
    made = plans(out)
    assert list(made) == ["retrieval", "context"]
    assert (made["retrieval"]["context"], made["retrieval"]["generator"]) == ("short", "small")
    assert made["context"]["generator"] == "large"
    assert out["rag"]["report"]["path"]["generator"] == "large"


def test_explain_shows_what_the_evidence_changed(asked):
    rag, out = asked(OnEvidence())
    first, second = rag.explain(out["rag"]["report"]["query_id"], QUESTION).plans
    assert first.changes == ()
    (change,) = second.changes
    assert (change.stage, change.before, change.after) == ("generator", "small", "large")
    assert change.reason == "passages known: True"
    assert second.evidence["passages"] >= 1


def test_the_rest_of_the_path_is_priced_at_the_plan(asked):
    router = OnEvidence()
    _, out = asked(router, models=PRICED)
    prices = {name: PRICED[name]["profile"]["usd"]["call"] for name in ("small", "large")}
    expected = {each["stage"]: each["expected"][0]["usd"] for each in out["rag"]["decisions"]}
    assert expected["retrieval"] == pytest.approx(prices["small"])
    assert expected["context"] == pytest.approx(prices["large"])


def test_a_router_that_does_not_plan_leaves_no_plan(asked):
    _, out = asked(OutOfOrder())
    assert plans(out) == {}


def test_a_plan_keeps_to_the_options_of_the_call(make, ask):
    rag = make(stages=STAGES, objects={"routers": {"mine": OnEvidence()}})
    config = {"configurable": {"rag": {"options": {"generator": "medium"}}}}
    out = rag.build_graph().compile().invoke(ask(QUESTION), config)
    assert plans(out)["retrieval"]["generator"] == "medium"
    assert out["rag"]["report"]["path"]["generator"] == "medium"


def test_stages_that_are_passed_by_are_not_planned(asked):
    stages = {**STAGES, "retrieval": {"options": ["none"]}}
    _, out = asked(OnEvidence(), stages)
    assert set(plans(out)["retrieval"]) == {"prompt", "generator"}
