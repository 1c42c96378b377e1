"""A query that waits for more budget: it is in the reports, and its spans are no model calls."""

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag.cost.runs import Runs
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.records import load
from dynamicrag.lab.report.selection import Selection

from .asking import QUESTION, Thread, asking, both, escalating, request, thread


@pytest.fixture
def runs(monkeypatch, tmp_path) -> Runs:
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    return Runs()


@both
def test_a_query_that_nobody_answers_is_in_the_report_with_its_cost(make, ask, runs, how):
    rag = escalating(make)
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    ids = [request(Thread(app, how, f"{n}")(ask(QUESTION)))["query_id"] for n in range(2)]
    assert rag.flush()
    kept = runs.turns()
    assert [(turn["id"], turn["waiting"]) for turn in kept] == [(query, True) for query in ids]
    assert [turn["thread"] for turn in kept] == ["0", "1"]
    assert [turn["cost"]["usd"]["value"] for turn in kept] == [pytest.approx(0.001)] * 2
    loaded = load(runs)
    report = make_report(loaded.turns, loaded.processes, Selection())
    assert report.overall.waiting == 2
    assert report.overall.costs["usd"].total["value"] == pytest.approx(0.002)
    # another process knows it from the store
    other = escalating(make)
    assert other.explain(ids[0]).cost["usd"]["value"] == pytest.approx(0.001)
    assert other.cost(ids[0]).known("usd") == pytest.approx(0.001)


@pytest.mark.parametrize(("makes", "drafts"), [(escalating, 1), (lambda make: asking(make, 0.0005), 0)])
def test_what_is_missing_is_found_out_without_a_model_call(make, ask, spans, makes, drafts):
    assert "__interrupt__" in thread(makes(make))(ask(QUESTION))
    assert len(make.models["small"].calls) == drafts
    assert len([span for span in spans.all if span.name.startswith("chat ")]) == drafts


@pytest.mark.parametrize("answer", [True, False])
def test_the_finished_query_replaces_the_one_that_waited(make, ask, runs, answer):
    rag = escalating(make)
    chat = thread(rag)
    chat(ask(QUESTION))
    chat.resume("no answer at all")  # asked again, and stored once
    out = chat.resume(answer)
    assert rag.flush()
    (turn,) = runs.turns()
    assert "waiting" not in turn
    assert turn["cost"]["usd"]["value"] == pytest.approx(out["rag"]["report"]["cost"]["usd"]["value"])


def test_a_query_that_a_new_message_replaces_still_counts(make, ask, runs):
    rag = escalating(make)
    chat = thread(rag)
    first = request(chat(ask(QUESTION)))["query_id"]
    chat(ask("And of town04?"))
    chat.resume(False)
    assert rag.flush()
    before, after = runs.turns()
    assert (before["id"], before["waiting"], "waiting" in after) == (first, True, False)
