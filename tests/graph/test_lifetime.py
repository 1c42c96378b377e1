"""What else the face does: warm up, explain, wait without blocking, close itself."""

import asyncio
import time

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.cost.runs import Runs
from dynamicrag.errors import InputError
from dynamicrag.graph.warm import wants_vectors
from dynamicrag.testing import FakeRetriever, ScriptedChat

OFF = {"host": {"meter": "none"}}
QUESTION = "When was the bridge of town03 opened?"


def test_an_explanation_has_the_decisions_and_the_account(make, ask):
    rag = make()
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    found = rag.explain(out["rag"]["report"]["query_id"], out["rag"]["report"]["question"])
    assert found.decisions == out["rag"]["decisions"] == rag.decisions(found.query_id)
    assert found.path == out["rag"]["report"]["path"]
    assert found.cost == rag.cost(found.query_id).figures()
    assert [line["call"] for line in found.account if line["output_tokens"]] == ["small"]
    assert set(found.stages) == set(out["rag"]["report"]["stages"])
    assert found.insights == {}


def test_another_process_explains_from_the_run_database(make, ask, monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    first, second = make(), make()
    report = first.build_graph().compile().invoke(ask(QUESTION))["rag"]["report"]
    assert first.flush()
    assert len(Runs().turns()) == 1
    found = second.explain(report["query_id"])
    assert (found.path, found.account) == (report["path"], ())
    assert [each["chosen"] for each in found.decisions] == [
        each["chosen"] for each in first.decisions(report["query_id"])
    ]
    assert set(found.stages) == set(report["stages"])
    assert found.cost["tokens"]["value"] == report["cost"]["tokens"]["value"]
    with pytest.raises(InputError, match="explain: no query 'nobody' is known here; valid: a report"):
        second.explain("nobody")
    assert second.cost(report["query_id"]).figures() == found.cost
    assert second.cost(report["query_id"], scope="full").scope == "full"
    with pytest.raises(InputError, match="cost: no query 'nobody' is known here; valid: a report"):
        second.cost("nobody")


async def test_waiting_does_not_block_the_loop(make, ask, monkeypatch):
    async with make() as rag:
        out = await rag.build_graph().compile().ainvoke(ask(QUESTION))
        query = out["rag"]["report"]["query_id"]
        settle = type(rag.pipeline.ledger).settle

        def slow(*args):
            time.sleep(0.5)
            return settle(*args)

        monkeypatch.setattr(type(rag.pipeline.ledger), "settle", slow)
        waiting = asyncio.create_task(rag.acost(query))
        turns = 0
        while not waiting.done():
            turns += 1
            await asyncio.sleep(0.01)
        assert turns > 5
        assert (await waiting).figures() == rag.cost(query).figures()
        assert await rag.aflush()
        assert (await rag.aexplain(query)).decisions == out["rag"]["decisions"]
    assert not rag._close.alive


def test_a_context_manager_closes_also_after_an_error(make):
    with pytest.raises(KeyError), make() as rag:
        assert rag._close.alive
        raise KeyError
    assert not rag._close.alive


@pytest.mark.parametrize("how", ["sync", "async"])
def test_warming_ingests_and_loads_and_tells(make, ask, monkeypatch, how):
    rag, told, loaded = make(), [], []
    for model in make.models.values():
        monkeypatch.setattr(model, "load", lambda model=model: loaded.append(model.name))
        monkeypatch.setattr(model, "runs", "remote")

    def tell(done, total, label):
        told.append(label)

    if how == "sync":
        rag.warm(tell)
    else:
        asyncio.run(rag.awarm(tell))
    assert loaded == ["small", "medium", "large", "helper"]
    assert told[0] == "reading docs"
    assert [label for label in told if label.startswith("loading ")] == [f"loading {name}" for name in loaded]
    assert (rag.pipeline.corpora["docs"].folder / "store.sqlite").exists()
    rag.warm()  # and again, at no cost


def test_warming_takes_the_user_s_own_retrievers(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    own, model = (
        FakeRetriever(["The bridge opened in 1871."]),
        ScriptedChat(script=lambda kind, prompt: "In 1871."),
    )
    with DynamicRAG.from_policy({"version": 1, **OFF}, models={"m": model}, retrievers={"kb": own}) as rag:
        rag.warm()
    with DynamicRAG.observe(own, model, k=2, **OFF) as rag:
        rag.warm()


def test_a_part_of_a_retriever_wants_vectors_too(make):
    both = {"both": {"rrf": {"of": ["words", "vectors"]}}}
    section = {"options": both, "parts": {"words": "bm25", "vectors": "chroma"}}
    assert wants_vectors(make(stages={"retriever": section}).pipeline)
    assert not wants_vectors(make(stages={"retriever": {"options": ["bm25"]}}).pipeline)
