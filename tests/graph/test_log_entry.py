"""Answered queries in the decision log: before the answer returns, and without text."""

import logging
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest

from dynamicrag.graph.log_entry import _chances
from dynamicrag.store.logged import LoggedQuery
from tests.store.conftest import postgres

from .conftest import call

QUESTION = "When did the bridge of town03 open?"
ASKED = {"messages": [("user", QUESTION)]}
CONFIG = {"configurable": {"thread_id": "t-1", "rag": {"user": "anna", "tags": ["beta"]}}}


@pytest.fixture
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def asked(rag, how="sync", config=CONFIG) -> tuple[dict, LoggedQuery | None]:
    """Ask; return our channel, and the entry of the log as another object reads it at once."""
    channel = call(rag.build_graph().compile(), how, ASKED, config)["rag"]
    return channel, rag.pipeline.log.query(channel["turn"]["id"])


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("how", ["sync", "async"])
def test_an_answered_query_is_in_the_log(make, how):
    rag = make(objective={"weights": {"usd": 20.0}})
    channel, kept = asked(rag, how)
    assert kept.policy == rag.pipeline.policy.name
    assert (kept.thread, kept.tags, kept.text) == ("t-1", ("beta",), "")
    assert kept.path == channel["turn"]["path"]
    assert kept.signals == pytest.approx(channel["turn"]["signals"])
    assert kept.weights == {"usd": 20.0}
    made = channel["decisions"]
    assert [each.stage for each in kept.decisions] == [each["stage"] for each in made]
    for each, decision in zip(kept.decisions, made, strict=True):
        assert (each.chosen, each.router) == (decision["chosen"], decision["router"])
        assert each.propensity == pytest.approx(decision["propensity"])
        assert sum(each.chances) == pytest.approx(1.0)
        assert each.features == pytest.approx(decision["features"], rel=1e-3, abs=1e-3)
    assert kept.user not in ("", "anna")
    assert kept.cost == {}
    assert rag.flush()
    assert rag.pipeline.log.query(kept.id).cost["seconds"] > 0


def test_neither_text_nor_user_is_in_the_log(make, data):
    rag = make()
    asked(rag)
    with closing(sqlite3.connect(data / "runs.sqlite")) as db:
        rows = "".join(str(row) for row in db.execute("SELECT * FROM queries"))
    assert rows
    assert "town03" not in rows
    assert "When did" not in rows
    assert "anna" not in rows


@pytest.mark.usefixtures("data")
def test_text_is_in_the_log_if_the_policy_says_so(make):
    assert asked(make(runs={"text": True}))[1].text == QUESTION


def test_a_policy_that_keeps_nothing_has_no_log(make, data):
    rag = make(runs={"keep": 0})
    call(rag.build_graph().compile(), "sync", ASKED)
    assert rag.flush()
    assert rag.pipeline.log is None
    assert not data.exists()


@pytest.mark.usefixtures("data")
def test_a_vector_is_logged_only_if_a_stage_computed_it(make):
    rag = make()
    assert asked(rag)[1].vector.size == 0
    rag.pipeline.embedder._recent[QUESTION, False] = np.array([[0.6, 0.8]], np.float32)
    kept = asked(rag)[1]
    assert kept.vector.tolist() == [np.float16(0.6), np.float16(0.8)]
    assert kept.embedder == rag.pipeline.embedder.name


@pytest.mark.usefixtures("data")
def test_a_query_that_fails_is_not_logged(make):
    def broken(kind, text):
        raise RuntimeError("no answer")

    rag = make()
    for model in rag.pipeline.models.values():
        model.script = broken
    with pytest.raises(Exception, match="no answer"):
        call(rag.build_graph().compile(), "sync", ASKED)
    assert list(rag.pipeline.log.queries()) == []


def test_a_store_that_is_down_costs_no_answer_and_one_warning(make, data, caplog):
    data.mkdir()
    (data / "runs.sqlite").mkdir()
    rag = make()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            out = call(rag.build_graph().compile(), "sync", ASKED)
            assert out["messages"][-1].text
            assert rag.flush()
    assert caplog.text.count("could not be stored") == 1
    assert rag.pipeline.bookkeeper.failures == 4  # decisions and accounts of two queries


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("how", ["sync", "async"])
def test_an_answer_does_not_wait_for_ever(make, how, caplog, monkeypatch):
    monkeypatch.setattr("dynamicrag.graph.stored.COMMIT_SECONDS", 0.05)
    rag, free = make(), threading.Event()
    monkeypatch.setattr(rag.pipeline.log, "add", lambda *_: free.wait(20))
    with caplog.at_level(logging.WARNING):
        assert call(rag.build_graph().compile(), how, ASKED)["messages"][-1].text
    free.set()
    assert "no answer from the store in 0.05 s" in caplog.text


@pytest.mark.usefixtures("data")
def test_decisions_come_back_in_a_later_process(make):
    channel, kept = asked(make())
    later = make()
    found = later.decisions(kept.id)
    for each, decision in zip(found, channel["decisions"], strict=True):
        for key in (
            "id",
            "turn",
            "seq",
            "stage",
            "options",
            "allowed",
            "chosen",
            "expected",
            "quality",
            "router",
        ):
            assert each[key] == decision[key]
        assert (each["reason"], each["binding"]) == ("", None)
    explained = later.explain(kept.id)
    assert explained.decisions == found
    assert explained.path == channel["turn"]["path"]


@pytest.mark.usefixtures("data")
def test_decisions_of_a_further_policy_are_its_own(make):
    rag = make(policies={"other": make.policy()})
    config = {"configurable": {"rag": {"policy": "other"}}}
    kept = asked(rag, config=config)[1]
    assert kept.policy == "other"
    assert {each["policy"] for each in make(policies={"other": make.policy()}).decisions(kept.id)} == {
        "other"
    }


def test_chances_of_a_router_that_names_only_its_own():
    decision = {"options": ["a", "b", "c", "d"], "allowed": [True, True, False, True], "chosen": "b"}
    assert _chances({**decision, "propensity": 0.5}) == [0.25, 0.5, 0.0, 0.25]
    assert _chances({**decision, "propensity": 1.0}) == [0.0, 1.0, 0.0, 0.0]
    alone = {"options": ["a", "b"], "allowed": [False, True], "chosen": "b", "propensity": 0.5}
    assert _chances(alone) == [0.0, 1.0]


@pytest.mark.service
def test_accounts_and_decisions_on_postgres(make, data):
    address = postgres()
    rag = make(runs={"address": address})
    kept = asked(rag)[1]
    assert rag.flush()
    assert rag.pipeline.log.query(kept.id).cost["seconds"] > 0
    later = make(runs={"address": address})
    assert [each["chosen"] for each in later.decisions(kept.id)] == [each.chosen for each in kept.decisions]
    assert later.cost(kept.id)["seconds"] > 0
    assert rag.pipeline.log.prune(user="anna") == 1
    assert later.decisions(kept.id) == []
    assert not data.exists()
