"""``exhausted: ask``: the graph is interrupted before it pays what does not fit, and goes on either way."""

import pytest

from .asking import (
    ANSWER,
    DEAR,
    ESCALATING,
    QUESTION,
    asking,
    both,
    calls,
    escalating,
    lines,
    request,
    thread,
)


@both
def test_before_a_draft_it_asks_and_goes_on_where_it_stopped(make, ask, how):
    chat = thread(asking(make, 0.0005), how)
    asked = request(chat(ask(QUESTION)))
    assert (asked["type"], asked["stage"], asked["question"]) == ("budget", "retrieval", QUESTION)
    assert asked["limits"] == asked["left"] == {"usd": 0.0005}
    assert asked["spent"] == {"usd": 0.0}
    assert not asked["answered"]
    (offer,) = asked["offers"]
    assert offer["extra"] == {"usd": 0.0005}, "the limit and this pay for the cheapest model"
    assert calls(make) == {}
    out = chat.resume(True)
    assert out["messages"][-1].text == ANSWER
    assert calls(make) == {"small": 1}
    report = out["rag"]["report"]
    assert report["cost"]["usd"]["value"] == pytest.approx(0.001)
    assert report["asked"] == [{"stage": "retrieval", "offers": [offer], "granted": {"usd": 0.0005}}]
    assert report["bounded"] == ""
    assert out["rag"]["decisions"][0]["asked"]["granted"] == {"usd": 0.0005}


@both
def test_refused_without_a_draft_it_abstains_and_pays_nothing(make, ask, how):
    chat = thread(asking(make, 0.0005, ESCALATING), how)
    before = chat(ask(QUESTION))
    out = chat.resume(False)
    report = out["rag"]["report"]
    assert (report["abstained"], report["bounded"]) == (True, "usd: refused more budget")
    assert report["asked"][0]["granted"] is None
    assert calls(make) == {}
    assert lines(out) == lines(before)
    last = out["rag"]["decisions"][-1]
    assert (last["stage"], last["chosen"], last["router"]) == ("verification", "abstain", "budget")
    assert last["binding"] == "usd: refused more budget"
    assert last["asked"] == report["asked"][0]


@both
def test_a_step_up_that_only_the_budget_closes_is_asked_about(make, ask, how):
    chat = thread(escalating(make), how)
    before = chat(ask(QUESTION))
    asked = request(before)
    assert (asked["stage"], asked["spent"]) == ("verification", {"usd": pytest.approx(0.001)})
    (offer,) = asked["offers"]
    assert offer["option"] == "escalate:generator"
    assert offer["extra"] == {"usd": 0.0095}
    assert offer["sentence"] == "$0.0095 more"
    assert calls(make) == {"small": 1}
    assert before["rag"]["report"] == {}
    out = chat.resume({"usd": 0.01})
    assert calls(make) == {"small": 1, "medium": 1}
    assert out["messages"][-1].text == ANSWER
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(0.011)
    assert lines(before).items() <= lines(out).items()
    assert [d["chosen"] for d in out["rag"]["decisions"] if d["stage"] == "generator"] == ["small", "medium"]
    judged = [line for line in out["rag"]["account"] if line["stage"] == "verification"]
    assert len({line["id"] for line in judged}) == len(judged)
    asked_at = [d for d in out["rag"]["decisions"] if "asked" in d]
    assert [(d["stage"], d["chosen"]) for d in asked_at] == [("verification", "escalate:generator")]


@both
def test_a_refused_step_up_leaves_what_the_policy_makes_of_the_draft(make, ask, how):
    chat = thread(escalating(make), how)
    before = chat(ask(QUESTION))
    out = chat.resume(False)
    assert calls(make) == {"small": 1}
    assert lines(out) == lines(before)
    report = out["rag"]["report"]
    assert report["bounded"] == "usd: refused more budget"
    assert report["abstained"], "a draft that declines is withheld"
    last = out["rag"]["decisions"][-1]
    assert (last["chosen"], last["binding"]) == ("abstain", "usd: refused more budget")
    assert "refused more budget" in last["reason"]


BY_TOKEN = {"model": "fake:small", "profile": {"usd": {"input": 1e-5, "output": 1e-5}}}
ODD = f"{QUESTION} {'☃' * 300}"
"""A question of more tokens, at worst, than its length lets a plan expect."""


@both
def test_a_call_whose_reservation_is_refused_is_asked_about(make, ask, how):
    rag = make(
        models={**DEAR, "small": BY_TOKEN},
        objective={"budget": {"per_query": {"usd": 0.009}, "exhausted": "ask"}},
        stages={"generator": {"options": ["small"]}},
    )
    chat = thread(rag, how)
    before = chat(ask(ODD))
    asked = request(before)
    assert asked["stage"] == "generator", "the plan fitted, and the real prompt does not"
    assert calls(make) == {}
    out = chat.resume(True)
    assert calls(make) == {"small": 1}
    assert len(out["rag"]["turn"]["passages"]) == 2, "the grant pays for the whole prompt"
    made = [
        (d["stage"], "asked" in d) for d in out["rag"]["decisions"] if d["stage"] in ("prompt", "generator")
    ]
    assert made == [("prompt", False), ("generator", False), ("generator", True)]
    assert [d["seq"] for d in out["rag"]["decisions"]] == list(range(len(out["rag"]["decisions"])))
    assert lines(before).items() <= lines(out).items()
    assert out["rag"]["report"]["path"]["generator"] == "small"


def test_a_step_up_whose_call_is_refused_is_asked_about_and_either_way_the_draft_is_kept(make, ask):
    """The dearer model fits by the plan; its real prompt does not."""
    make.scripts["small"] = lambda kind, text: "unanswerable"
    stages = {
        **ESCALATING,
        "generator": {"options": ["small", "medium"], "router": {"fixed": {"option": "small"}}},
    }
    rag = make(
        models={
            **DEAR,
            "medium": {"model": "fake:medium", "profile": {"usd": {"input": 1e-6, "output": 1e-6}}},
        },
        objective={"budget": {"per_query": {"usd": 0.0019}, "exhausted": "ask"}},
        stages=stages,
    )
    for answer, models in ((True, {"small": 1, "medium": 1}), (False, {"small": 1})):
        for model in make.models.values():
            model.calls.clear()
        chat = thread(rag)
        before = chat(ask(ODD))
        assert request(before)["stage"] == "generator"
        assert calls(make) == {"small": 1}
        out = chat.resume(answer)
        assert calls(make) == models
        assert lines(before).items() <= lines(out).items()
        report = out["rag"]["report"]
        assert report["abstained"] is not answer
        assert report["drafts"]["written"] == len(models)
        if not answer:
            assert lines(out) == lines(before)
            assert report["path"]["generator"] == "small"
