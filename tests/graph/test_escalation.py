"""The ways back up, and their end."""

import pytest

from dynamicrag import ProviderError
from dynamicrag.text.withheld import ABSTAINED

from .conftest import call

QUESTION = "When was the bridge of town03 opened?"
GENERATOR = {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "small"}}}
CONTEXT = {
    "options": {"short": {"chunks": 1}, "long": {"chunks": 3}, "all": {"whole": True, "documents": 4}},
    "router": {"fixed": {"option": "short"}},
}


def refuse(kind, text):
    return "unanswerable"


def judged(table, most=1, options=("accept", "escalate", "abstain"), **thresholds):
    return {
        "options": list(options),
        "verifiers": ["unanswerable", "groundedness", "token_margin"],
        "router": {"thresholds": thresholds} if thresholds else "thresholds",
        "escalate": table,
        "max_escalations": most,
    }


def told(out, stage=None):
    return [(d["stage"], d["chosen"]) for d in out["rag"]["decisions"] if stage in (None, d["stage"])]


def test_a_draft_in_doubt_goes_to_the_next_model(make, ask):
    make.scripts["small"] = refuse
    rag = make(stages={"verification": judged({"unanswerable": "generator"})})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["messages"][-1].text == "The bridge of town03 opened"
    assert told(out) == [
        ("retrieval", "single"),
        ("retriever", "lexical"),
        ("context", "short"),
        ("prompt", "direct"),
        ("generator", "small"),
        ("verification", "escalate:generator"),
        ("generator", "medium"),
        ("verification", "accept"),
    ]
    assert out["rag"]["report"]["escalations"] == [
        {"reason": "unanswerable", "stage": "generator", "option": "medium"}
    ]
    assert out["rag"]["report"]["path"]["generator"] == "medium"


def test_the_table_is_walked_in_its_order(make, ask):
    make.scripts |= dict.fromkeys(("small", "medium", "large"), refuse)
    table = {"unanswerable": ["context", "generator"]}
    rag = make(stages={"verification": judged(table, most=9), "context": CONTEXT})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert told(out, "context") == [("context", "short"), ("context", "long"), ("context", "all")]
    assert told(out, "generator") == [("generator", name) for name in ("small", "medium", "large")]
    assert [step["stage"] for step in out["rag"]["report"]["escalations"]] == ["context"] * 2 + [
        "generator"
    ] * 2
    assert out["messages"][-1].text == ABSTAINED
    assert [
        len(d["allowed"]) - sum(d["allowed"]) for d in out["rag"]["decisions"] if d["stage"] == "context"
    ] == [
        0,
        1,
        2,
    ]


@pytest.mark.parametrize("most", [0, 1, 2])
def test_there_are_never_more_than_the_policy_allows(make, ask, most):
    make.scripts |= dict.fromkeys(("small", "medium", "large"), refuse)
    rag = make(stages={"verification": judged({"unanswerable": "generator"}, most=most)})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert len(out["rag"]["report"]["escalations"]) == most
    assert len(told(out, "generator")) == most + 1


def test_no_way_goes_round_in_a_circle(make, ask):
    """However many are allowed, every escalation takes a stronger option, and they run out."""
    make.scripts |= dict.fromkeys(("small", "medium", "large"), refuse)
    table = {"unanswerable": ["retrieval", "retriever", "context", "prompt", "generator"]}
    stages = {
        "retrieval": {"options": ["none", "single", "iterative"], "router": {"fixed": {"option": "none"}}},
        "retriever": {
            "options": {"a": {"bm25": {}}, "b": {"bm25": {"k1": 1.2}}},
            "router": {"fixed": {"option": "a"}},
        },
        "context": CONTEXT,
        "prompt": {"options": ["direct", "cot"], "router": {"fixed": {"option": "direct"}}},
        "verification": judged(table, most=100),
    }
    app = make(stages=stages).build_graph().compile()
    out = app.invoke(ask(QUESTION), {"recursion_limit": 100})
    assert len(out["rag"]["report"]["escalations"]) == 2 + 1 + 2 + 1 + 2
    assert out["rag"]["report"]["abstained"]


def test_a_stage_that_was_skipped_is_reached_through_retrieval(make, ask):
    make.scripts["small"] = lambda kind, text: "In 1813" if "<passages>" in text else "unanswerable"
    none = {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}}
    rag = make(stages={"retrieval": none, "verification": judged({"unanswerable": "context"})})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["messages"][-1].text == "In 1813"
    assert told(out)[-5:] == [
        ("verification", "escalate:context"),
        ("retrieval", "single"),
        ("retriever", "lexical"),
        ("context", "short"),
        ("verification", "accept"),
    ]
    assert out["rag"]["report"]["escalations"][0] == {
        "reason": "unanswerable",
        "stage": "retrieval",
        "option": "single",
    }
    assert out["rag"]["report"]["passages"]


def test_stages_that_are_not_redone_keep_their_decisions(make, ask):
    make.scripts["small"] = refuse
    rag = make(stages={"verification": judged({"unanswerable": "context"}, most=2), "context": CONTEXT})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    for stage in ("retrieval", "retriever", "prompt", "generator"):
        assert len(told(out, stage)) == 1
    assert [d["seq"] for d in out["rag"]["decisions"]] == list(range(len(out["rag"]["decisions"])))
    assert make.models["small"].kinds() == ["answer"] * 3


def test_an_unsure_draft_stands_when_nothing_is_left(make, ask):
    make.margins = {"small": 0.05, "medium": 0.05}
    generator = {**GENERATOR, "options": ["small", "medium"]}
    rag = make(
        stages={"generator": generator, "verification": judged({"unsure": "generator"}, 5, token_margin=0.5)}
    )
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert told(out)[-1] == ("verification", "accept")
    assert out["rag"]["decisions"][-1]["reason"].endswith("nothing left to try")
    assert not out["rag"]["report"]["abstained"]


def test_a_model_that_fails_is_followed_by_the_next(make, ask):
    make.scripts["small"] = lambda kind, text: "BREAK"
    rag = make()
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    small, medium = (d for d in out["rag"]["decisions"] if d["stage"] == "generator")
    assert (small["chosen"], medium["chosen"]) == ("small", "medium")
    assert medium["router"] == "fallback"
    assert "cannot be reached" in medium["reason"]
    assert out["rag"]["report"]["path"]["generator"] == "medium"
    lines = [
        line for line in rag.account(out["rag"]["turn"]["id"]).lines if line.label in ("small", "medium")
    ]
    assert [(line.label, line.failed) for line in lines] == [("small", True), ("medium", False)]


def test_the_strongest_that_fails_is_followed_by_a_weaker_one(make, ask):
    make.scripts["large"] = lambda kind, text: "BREAK"
    generator = {**GENERATOR, "router": {"fixed": {"option": "large"}}}
    out = make(stages={"generator": generator}).build_graph().compile().invoke(ask(QUESTION))
    assert told(out, "generator") == [("generator", "large"), ("generator", "medium")]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_when_all_models_fail_the_account_still_has_their_calls(make, ask, how):
    make.scripts |= dict.fromkeys(("small", "medium", "large"), lambda kind, text: "BREAK")
    rag = make()
    app = rag.build_graph().compile()
    with pytest.raises(ProviderError, match=r"model large .*cannot be reached"):
        call(app, how, ask(QUESTION))
    (account,) = rag.pipeline.ledger._accounts.values()
    failed = [line.label for line in account.lines if line.failed]
    assert failed == ["small", "medium", "large"]


def test_a_helper_that_fails_between_rounds_leaves_what_was_found(make, ask):
    make.scripts["helper"] = lambda kind, text: "BREAK"
    rag = make(stages={"retrieval": {"options": ["iterative"]}})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["messages"][-1].text == "The bridge of town03 opened"
    assert told(out, "retriever") == [("retriever", "lexical")]
    assert [line.label for line in rag.account(out["rag"]["turn"]["id"]).lines if line.failed] == ["helper"]


def test_an_escalation_that_fails_comes_back_to_a_model_that_answers(make, ask):
    make.scripts |= {"small": refuse, "medium": lambda kind, text: "BREAK"}
    rag = make(stages={"verification": judged({"unanswerable": "generator"})})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert told(out, "generator") == [("generator", name) for name in ("small", "medium", "large")]
    assert not out["rag"]["report"]["abstained"]
    assert out["rag"]["report"]["path"]["generator"] == "large"
    assert out["rag"]["report"]["escalations"][0]["option"] == "large"
