"""Limits per query and in total: what they close, and what happens when nothing fits."""

import pytest

from dynamicrag import BudgetExceeded

from .conftest import call

QUESTION = "When was the bridge of town03 opened?"
LARGE = {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "large"}}}
DEAR = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}, "joules": {"call": 1000 * price}}}
    for name, price in {"small": 0.001, "medium": 0.01, "large": 0.1, "helper": 0.0}.items()
}


def limited(make, stages=None, **budget):
    return make(models=DEAR, objective={"budget": budget}, stages={"generator": LARGE, **(stages or {})})


def decision(out, stage):
    return next(d for d in out["rag"]["decisions"] if d["stage"] == stage)


def test_a_limit_per_query_closes_what_does_not_fit(make, ask):
    app = limited(make, per_query={"joules": 20}).build_graph().compile()
    app.invoke(ask(QUESTION))  # the first query of a process pays for opening the index, which may be 10 J
    for model in make.models.values():
        model.calls.clear()
    out = app.invoke(ask(QUESTION))
    made = decision(out, "generator")
    assert made["allowed"] == [True, True, False]
    assert (made["chosen"], made["binding"]) == ("medium", "joules")
    assert "closed" in made["reason"]
    assert make.models["large"].calls == []


def test_a_limit_that_closes_nothing_binds_nothing(make, ask):
    out = limited(make, per_query={"joules": 1e6}).build_graph().compile().invoke(ask(QUESTION))
    assert {d["binding"] for d in out["rag"]["decisions"]} == {None}
    assert out["rag"]["report"]["path"]["generator"] == "large"


def test_where_nothing_fits_the_cheapest_is_taken(make, ask):
    out = limited(make, per_query={"joules": 0.001}).build_graph().compile().invoke(ask(QUESTION))
    made = decision(out, "generator")
    assert made["chosen"] == "small"
    assert made["binding"].startswith("joules: nothing fits")
    assert out["messages"][-1].text == "The bridge of town03 opened"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_where_nothing_fits_and_the_policy_says_so_it_is_an_error(make, ask, how):
    app = limited(make, per_query={"joules": 0.001}, exhausted="error").build_graph().compile()
    with pytest.raises(BudgetExceeded, match=r"no option fits .*joules 0\.001"):
        call(app, how, ask(QUESTION))
    assert all(not model.calls for model in make.models.values())


def test_an_escalation_that_does_not_fit_is_not_made(make, ask):
    make.scripts |= dict.fromkeys(("small", "medium"), lambda kind, text: "unanswerable")
    stages = {
        "generator": {**LARGE, "router": {"fixed": {"option": "small"}}},
        "verification": {
            "options": ["accept", "escalate"],
            "verifiers": ["unanswerable"],
            "router": "thresholds",
            "escalate": {"unanswerable": "generator"},
            "max_escalations": 5,
        },
    }
    out = limited(make, stages, per_query={"usd": 0.02}).build_graph().compile().invoke(ask(QUESTION))
    assert [d["chosen"] for d in out["rag"]["decisions"] if d["stage"] == "generator"] == ["small", "medium"]
    last = out["rag"]["decisions"][-1]
    assert (last["chosen"], last["binding"]) == ("accept", "usd")


def test_an_answer_that_overspent_may_be_accepted(make, ask):
    """The prompt was longer than expected: the answer is paid for, and there."""
    profile = {"model": "fake:small", "profile": {"joules": {"output": 1.0}}}
    make.scripts["small"] = lambda kind, text: "In 1813 " * 20
    rag = make(
        models={**DEAR, "small": profile},
        stages={"generator": {"options": ["small"]}},
        objective={"budget": {"per_query": {"joules": 20}}},
    )
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["report"]["cost"]["joules"]["value"] > 20
    assert not out["rag"]["report"]["abstained"]


def test_the_total_is_spent_by_query_after_query(make, ask):
    app = limited(make, total={"usd": 0.25}).build_graph().compile()
    models = [app.invoke(ask(QUESTION))["rag"]["report"]["path"]["generator"] for _ in range(4)]
    assert models == ["large", "large", "medium", "medium"]


def test_the_report_charges_what_was_called(make, ask):
    out = limited(make).build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(0.1)
    assert out["rag"]["report"]["stages"]["generator"]["usd"]["value"] == pytest.approx(0.1)
