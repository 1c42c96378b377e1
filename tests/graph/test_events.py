"""What a graph streams, and the report, have the keys that their types say."""

from typing import get_type_hints

from dynamicrag.graph.events import (
    BegunEvent,
    DecisionEvent,
    DraftCount,
    Report,
    ReportEvent,
    Source,
    WithdrawnEvent,
)
from dynamicrag.records import Decision

RARE = {
    "asked",
    "colder",
    "bounded",
    "attempt",
    "spread",
    "plan",
    "path",
    "outside",
    "policy",
    "chances",
    "base",
    "state",
    "weights",
}
KINDS = {"begun": BegunEvent, "withdrawn": WithdrawnEvent, "report": ReportEvent}
ESCALATING = {
    "verification": {
        "options": ["accept", "escalate", "abstain"],
        "verifiers": ["unanswerable"],
        "router": "thresholds",
        "escalate": {"unanswerable": ["generator"]},
    }
}


def keys(kind):
    return set(get_type_hints(kind))


def test_events_and_the_report_have_the_keys_of_their_types(make, ask):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    app = make(stages=ESCALATING).build_graph().compile()
    events = list(app.stream(ask("When was the bridge of town03 opened?"), stream_mode="custom"))
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["begun", "decision"]
    assert kinds.count("withdrawn") == kinds.count("report") == 1
    assert kinds[-1] == "report"
    for event in events:
        if event["type"] == "decision":
            assert keys(DecisionEvent) - RARE <= set(event) <= keys(DecisionEvent)
        else:
            assert set(event) == keys(KINDS[event["type"]])
    report = events[-1]
    assert events[0]["query_id"] == report["query_id"]
    assert set(report["drafts"]) == keys(DraftCount)
    assert set(report["sources"][0]) == keys(Source)


def test_the_state_has_the_same_report_and_decisions(make, ask):
    state = make().build_graph().compile().invoke(ask("When was the bridge of town03 opened?"))
    assert set(state["rag"]["report"]) == keys(Report)
    for decision in state["rag"]["decisions"]:
        assert keys(Decision) - RARE <= set(decision) <= keys(Decision)
