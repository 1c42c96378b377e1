"""A query that asks for more budget, answered in another process: its account, on checkpointers."""

import json

import pytest

from tests.forked import Forked

from .asked_elsewhere import main
from .test_elsewhere import both, near, uri  # noqa: F401 - uri is a fixture

HELPER, SMALL, MEDIUM = 0.001, 0.01, 0.1


@pytest.fixture
def process(docs, tmp_path):
    """Return a function that has steps done in a process of their own, and gives a report of each."""

    def run(saver, *steps):
        env = {
            "DYNAMICRAG_CACHE": str(tmp_path / "cache"),
            "DYNAMICRAG_DATA": str(tmp_path / "data"),
            "LANGGRAPH_STRICT_MSGPACK": "true",
        }
        given = {"docs": str(docs), "saver": saver, "steps": steps, "thread": str(tmp_path)}
        return json.loads(Forked(main, given, env=env).result())

    return run


def paid(step):
    """Return the lines of an account that cost money."""
    return [line for line in step["account"] if any(d == "usd" and x for d, _, x in line[3])]


@pytest.mark.slow
@both
def test_granted_in_another_process_nothing_is_paid_twice(process, uri):  # noqa: F811
    (begun,) = process(uri, "begin")
    (asked,) = begun["asked"]
    assert asked["stage"] == "verification"
    assert asked["spent"] == {"usd": near(HELPER + SMALL)}
    assert (begun["calls"], begun["held"]) == (2, 0)
    assert begun["spent"] == near(HELPER + SMALL)
    (granted,) = process(uri, "grant")
    assert (granted["calls"], granted["held"], granted["asked"]) == (1, 0, [])
    assert granted["account"][: len(begun["account"])] == begun["account"], "earlier lines, as they were"
    ids = [line[0] for line in granted["account"]]
    assert len(set(ids)) == len(ids)
    assert [line[2] for line in paid(granted)] == ["helper", "small", "medium"]
    assert granted["report"]["cost"]["usd"]["value"] == near(HELPER + SMALL + MEDIUM)
    assert granted["report"]["cost_all_runs"] == granted["report"]["cost"]
    assert granted["spent"] == near(HELPER + SMALL + MEDIUM)
    assert granted["seqs"] == list(range(len(granted["seqs"])))
    assert granted["report"]["asked"][0]["granted"] == asked["offers"][0]["extra"]


@pytest.mark.slow
@both
def test_refused_in_another_process_nothing_more_is_paid(process, uri):  # noqa: F811
    (begun,) = process(uri, "begin")
    (refused,) = process(uri, "refuse")
    assert (refused["calls"], refused["held"], refused["asked"]) == (0, 0, [])
    assert refused["account"] == begun["account"], "not one line more"
    assert refused["spent"] == begun["spent"] == near(HELPER + SMALL)
    assert refused["report"]["bounded"] == "usd: refused more budget"
    assert refused["report"]["cost"]["usd"]["value"] == near(HELPER + SMALL)
