"""An agent that is interrupted twice, and continued in other processes: its account is one."""

import json

import pytest

from tests.faces.langchain.elsewhere import main
from tests.forked import Forked
from tests.graph.test_elsewhere import both, near, uri  # noqa: F401 - uri is a fixture

AGENT, SMALL, LARGE = 0.01, 0.01, 0.1


@pytest.fixture
def step(tmp_path):
    """Return a function that does a step in a process of its own, and gives its report."""

    def one(saver, name):
        given = {"saver": saver, "thread": str(tmp_path), "steps": [name]}
        env = {"DYNAMICRAG_DATA": str(tmp_path / "data"), "LANGGRAPH_STRICT_MSGPACK": "true"}
        return json.loads(Forked(main, given, env=env).result())[0]

    return one


@pytest.mark.slow
@both
def test_approved_and_granted_elsewhere_nothing_is_paid_twice(step, uri):  # noqa: F811
    begun = step(uri, "begin")
    assert begun["stopped"] == ["approval"]
    approved = step(uri, "approve")
    assert approved["stopped"] == ["budget"], "the graph within the tool asks"
    granted = step(uri, "grant")
    assert (granted["stopped"], granted["last"]) == ([], "At ten.")
    small, large = zip(*(each["calls"].values() for each in (begun, approved, granted)), strict=True)
    assert (small, large) == ((1, 1, 1), (0, 0, 1)), "the agent twice, and the graph's two drafts"
    assert granted["account"][:2] == begun["account"] == approved["account"], "as they were"
    ids = [line[0] for line in granted["account"]]
    assert len(set(ids)) == len(ids)
    assert [line[1] for line in granted["account"] if ["usd", "estimated"] in [d[:2] for d in line[2]]] == [
        "small", "small", "large", "small",
    ]  # fmt: skip
    whole = near(2 * AGENT + SMALL + LARGE)
    assert granted["report"]["cost"]["usd"]["value"] == whole
    assert granted["report"]["cost_all_runs"] == granted["report"]["cost"]
    assert (granted["spent"], granted["held"]) == (whole, 0)
    assert granted["decisions"] == 2
