"""The context in which a candidate's router decides again."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.learning.logged_vectors import LoggedVectors, text_of
from dynamicrag.learning.replayed import Replay
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import load_policy
from dynamicrag.policy.objects import Objects
from dynamicrag.routers.base import Choice, Router
from dynamicrag.testing import FakeEmbedder
from tests.cli.conftest import FakeModel
from tests.lab.whatif.logs import policy, query


class Mine(Router):
    """Keeps its contexts; takes the last open option with probability .75."""

    reads_text = False

    def __init__(self, ask=False):
        self.seen, self.ask = [], ask

    async def choose(self, context):
        self.seen.append(context)
        if self.ask:
            try:
                await context.ask([], max_tokens=1)
            except Exception:  # noqa: BLE001 - a router that hides its failures
                return Choice(0, "could not ask")
        return Choice(1, "mine", 0.75, chances=[0.25, 0.75], state=7)


@pytest.fixture
def replayed(tmp_path, monkeypatch):
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", FakeModel)
    (tmp_path / "docs").mkdir()
    (tmp_path / "p.yaml").write_text(policy("mine"))

    def go(queries, router, stage="generator"):
        pipeline = assemble(load_policy(tmp_path / "p.yaml"), objects=Objects(routers={"mine": router}))
        replay = Replay(pipeline.points, LoggedVectors(pipeline.embedder, queries))
        played = asyncio.run(replay.run(queries))
        return replay, [each for each in played if each.decision.stage == stage]

    return go


def test_a_router_sees_the_logged_facts_and_the_options_before_it(replayed):
    own, _ = query(1, tags=("beta",))
    mine = Mine()
    _, (played,) = replayed([own], mine)
    (context,) = mine.seen
    assert context.path == {name: own.path[name] for name in ("retrieval", "retriever", "context", "prompt")}
    assert context.features == played.decision.features
    assert [cost["usd"] for cost in context.expected] == [0.001, 0.01]
    assert context.plan["context"].params == {"chunks": 1}, "with the candidate's own options"
    assert context.plan["generator"].name == "small", "not the logged option, which was drawn later"
    assert context.call.tags == ("beta",)
    assert played.chances.tolist() == [0.25, 0.75]


def test_the_state_of_a_learner_is_noted(replayed):
    assert replayed([query(1)[0]], Mine())[0].learnt == {"generator": 7}


def test_a_router_that_calls_a_model_is_refused_even_if_it_hides_the_failure(replayed):
    replay, played = replayed([query(1)[0]], Mine(ask=True))
    assert "calls a model" in replay.refused["generator"]
    assert played == []


def test_a_single_open_option_needs_no_router(replayed):
    own, _ = query(1)
    closed = {"allowed": (False, True), "chances": (0.0, 1.0), "chosen": "large"}
    decisions = [
        replace(each, **closed) if each.stage == "generator" else each for each in own.decisions
    ]  # fmt: skip
    mine = Mine()
    _, (played,) = replayed([replace(own, decisions=decisions)], mine)
    assert mine.seen == []
    assert played.chances.tolist() == [0, 1]


def test_vectors_are_served_by_question():
    own = FakeEmbedder(size=4)
    vector = np.array([1, 0, 0, 0], dtype=np.float16)
    known, other, bare = (
        replace(query(n)[0], embedder=name, vector=vector)
        for n, name in ((1, own.name), (2, "another"), (3, ""))
    )
    served = LoggedVectors(own, [known, other, bare])
    assert served.name == own.name
    assert served.embed([text_of(known)])[0].tolist() == [1, 0, 0, 0]
    assert served.embed(["cheese"])[0] == pytest.approx(own.embed(["cheese"])[0])
    mixed = served.embed([text_of(known), "cheese"])
    assert mixed[0].tolist() == [1, 0, 0, 0]
    assert (served.has(known), served.has(other)) == (True, False)
    with pytest.raises(InputError, match="neither words nor a vector"):
        served.embed([text_of(other)])
