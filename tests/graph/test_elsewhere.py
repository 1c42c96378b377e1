"""A query that is interrupted, resumed in another process and replayed: its account, on checkpointers."""

import json
import os

import pytest

from tests.forked import Forked

from .elsewhere import main, work

HELPER, CALL = 0.001, 0.01


@pytest.fixture
def uri(request, tmp_path):
    if request.param == "sqlite":
        return str(tmp_path / "threads.sqlite")
    found = os.environ.get("DYNAMICRAG_TEST_POSTGRES")
    if not found:
        pytest.skip("DYNAMICRAG_TEST_POSTGRES names no database; source .ci/services")
    pytest.importorskip(
        "langgraph.checkpoint.postgres", reason="langgraph-checkpoint-postgres is not installed"
    )
    return found


@pytest.fixture
def process(docs, tmp_path):
    """Return a function that has steps done in a process of their own, and gives a report of each."""

    def run(uri, *steps, **given):
        env = {
            "DYNAMICRAG_CACHE": str(tmp_path / "cache"),
            "DYNAMICRAG_DATA": str(tmp_path / "data"),
            "LANGGRAPH_STRICT_MSGPACK": "true",
        }
        given = {"docs": str(docs), "saver": uri, "steps": steps, "thread": str(tmp_path), **given}
        return json.loads(Forked(main, given, env=env).result())

    return run


@pytest.fixture
def worker(docs, tmp_path, monkeypatch):
    """Return the same for another object of this process, whose ledger knows as little of the others."""
    from dynamicrag.policy import build_embedders, build_models

    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    for module, name in ((build_models, "chat_model"), (build_embedders, "LocalEmbedder")):
        monkeypatch.setattr(module, name, getattr(module, name))  # undone after the test
    saved = str(tmp_path / "threads.sqlite")
    return lambda *steps, **given: work(
        {"docs": str(docs), "saver": saved, "steps": steps, "thread": "1", **given}
    )


both = pytest.mark.parametrize(
    "uri", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)


def usd(figure):
    assert figure["kind"] == "estimated", figure
    return figure["value"]


def near(value):
    return pytest.approx(value)


@pytest.mark.slow
@both
def test_interrupted_here_resumed_there_and_replayed_three_times(process, uri):
    (begun,) = process(uri, "begin", shared=True)
    assert (begun["cost"], begun["calls"]) == (None, 1), "the helper was asked; nothing is reported yet"
    (resumed,) = process(uri, "resume", shared=True)
    assert resumed["calls"] == 1
    assert usd(resumed["cost"]) == usd(resumed["all"]) == near(HELPER + CALL)
    replayed = process(uri, "replay", "replay", "replay", shared=True)
    for number, again in enumerate(replayed, 1):
        assert again["calls"] == 1
        assert usd(again["cost"]) == near(HELPER + CALL), "this run: one call there, one here"
        assert usd(again["all"]) == near(HELPER + (1 + number) * CALL)
        assert again["lines"] == resumed["lines"]
        assert again["tokens"] == resumed["tokens"]
        assert again["usage"]["total_tokens"] == sum(again["tokens"].values())
        assert again["spent"] == near(HELPER + (1 + number) * CALL), "each line is booked once"
        assert again["held"] == 0
    assert [again["attempt"] for again in replayed] == [1, 2, 3], "as far as that process knows"


def test_without_a_run_database_only_this_processes_runs_are_known(worker):
    worker("begin", "resume", keep=0)
    first, second = worker("replay", "replay", keep=0)
    assert usd(first["cost"]) == usd(first["all"]) == usd(second["cost"]) == near(HELPER + CALL)
    assert usd(second["all"]) == near(HELPER + 2 * CALL)
    assert second["spent"] == near(2 * CALL), "the total of a process is what it spent itself"


def test_a_resume_without_its_account_is_unknown_not_free(worker):
    worker("begin", "forget", keep=0)
    (resumed,) = worker("resume", keep=0)
    assert resumed["cost"] == {"value": None, "kind": "unknown", "parts": {"estimated": near(CALL)}}
    assert resumed["all"] == resumed["cost"]
    assert resumed["provisional"]


def test_a_state_that_lost_its_account_where_it_was_made_is_mended(worker):
    _, resumed = worker("begin", "forget", "resume")
    assert usd(resumed["cost"]) == near(HELPER + CALL)
    assert resumed["lines"] > 6
