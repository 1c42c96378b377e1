import pytest

from dynamicrag.lab.report.figures import share_saved
from dynamicrag.lab.summary import summarise


def decision(stage, options, chosen):
    return {"stage": stage, "options": options, "chosen": chosen}


def record(joules, *, kind="modelled", decisions=(), **fields):
    cost = {d: {"value": 0.0, "kind": "measured"} for d in ("usd", "seconds", "gco2e")}
    return {
        "cost": {**cost, "joules": {"value": joules, "kind": kind}},
        "decisions": list(decisions),
        **fields,
    }


def test_a_record_from_before_a_dimension_makes_it_unknown():
    old, new = record(1), record(3)
    new["cost"]["water"] = {"value": 1e-5, "kind": "estimated"}
    found = summarise([old, new])
    assert found.costs["water"].mean["value"] is None
    assert found.costs["joules"].mean["value"] == 2
    assert summarise([new]).costs["water"].total["value"] == 1e-5


def test_percentiles_are_between_neighbours():
    joules = summarise([record(value) for value in (4, 1, 2, 3)]).costs["joules"]
    assert joules.p50["value"] == 2.5
    assert summarise([record(7)]).costs["joules"].p95["value"] == 7


def test_a_saving_can_be_negative_or_undefined():
    assert share_saved(25, 100) == 0.75
    assert share_saved(200, 100) == -1
    assert share_saved(1, 0) is None
    assert share_saved(None, 1) is None


def test_costs_keep_their_kinds_apart():
    joules = summarise([record(1), record(3), record(4, kind="estimated")]).costs["joules"]
    assert joules.total["value"] == 8
    assert joules.total["parts"] == {"modelled": 4, "estimated": 4}


def test_a_failed_question_counts_as_wrong():
    rows = [record(1, answers=["a"], f1=1.0, em=1.0, contains=1.0), record(1, answers=["a"], error="x")]
    assert summarise(rows).types[""].f1 == 0.5
    assert summarise(rows).errors == 1


def test_unanswerable_and_greeting():
    rows = [
        record(1, type="unanswerable", abstained=True, answer="I could not find it"),
        record(1, type="unanswerable", abstained=False, answer="That is not mentioned."),
        record(1, type="unanswerable", abstained=False, answer="42"),
        record(1, type="greeting", decisions=[decision("retriever", ["bm25"], "bm25")]),
    ]
    types = summarise(rows).types
    assert types["unanswerable"].abstained == pytest.approx(2 / 3)
    assert types["greeting"].retrieved == 1
    assert types["greeting"].f1 is None


def test_an_escalated_stage_took_both_options():
    first, last = (decision("generator", ["small", "large"], name) for name in ("small", "large"))
    shares = summarise([record(1, decisions=[first, last]), record(1)]).options
    assert shares == {"generator": {"small": 0.5, "large": 0.5}}
