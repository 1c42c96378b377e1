"""The explanation of a query as printed."""

from dynamicrag.graph.explain import Explanation
from dynamicrag.graph.in_words import LONGEST, MOST

FIRST = "When was the bridge of town03 opened?"


def decision(number=0, **more):
    known = {"stage": "generator", "chosen": "small", "options": ["small", "large"], "router": "prior"}
    return {**known, "reason": f"reason {number}", **more}


def printed(decisions, cost=None):
    return str(Explanation("q", {}, decisions, (), {}, (), {}, cost or {})).splitlines()


def test_it_has_the_way_and_the_cost(make, ask):
    rag = make()
    report = rag.build_graph().compile().invoke(ask(FIRST))["rag"]["report"]
    text = str(rag.explain(report["query_id"]))
    first, *decisions, last = text.splitlines()
    assert first == f"query {report['query_id']}"
    assert [line.split()[0] for line in decisions] == list(report["path"])
    assert "generator → small" in text
    assert last.startswith("cost (")
    assert " J " in last
    assert len(text) < 1000


def test_a_decision_has_its_option_its_router_and_its_reason():
    assert printed([decision()])[1] == "  generator → small (of 2)  prior: reason 0"
    assert printed([decision(options=["small"], reason="prior")])[1] == "  generator → small  prior"


def test_it_stays_short():
    lines = printed([decision(n, reason="long\nreason " * 100) for n in range(MOST + 5)])
    assert len(lines) == MOST + 3
    assert lines[-2] == "  … 5 more decisions"
    assert max(map(len, lines)) < LONGEST + 60


def test_unknown_costs_are_unknown():
    assert printed([])[-1] == "cost: unknown"
    figures = {"usd": {"value": None, "kind": "unknown"}, "seconds": {"value": 2.0, "kind": "measured"}}
    assert printed([], figures)[-1] == "cost: 2.00 s measured · money unknown"
