"""A tenant filter on the whole graph: nothing of another tenant's reaches the state or a model."""

import asyncio
import json
import re

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag.cost.runs import Runs
from dynamicrag.records import Passage
from dynamicrag.stages.adding import add_stage
from dynamicrag.stages.base import STAGES, StageBase
from dynamicrag.topology import TOPOLOGY, Stage

TENANTS = [f"tenant{n}" for n in range(5)]
CHOICES = {
    "retrieval": {"options": ["none", "single"], "router": "prior"},
    "context": {"options": {"short": {"chunks": 2}, "document": {"whole": True}}, "router": "prior"},
}


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    for number, tenant in enumerate(TENANTS):
        (folder / tenant).mkdir(parents=True)
        for part in ("Fees", "Dates"):
            text = f"The {part.lower()} of the bridge are a secret of {tenant}: {part.upper()}-{number}."
            (folder / tenant / f"{part}.md").write_text(f"# {part} of {tenant}\n\n{text}\n")
    return folder


@pytest.fixture
def rag(make, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    rules = {f"{tenant}/*": {"tenant": tenant} for tenant in TENANTS}
    retriever = {"options": {"lexical": "bm25", "linked": {"linked": {"of": "lexical"}}}, "router": "random"}
    return make(
        corpora={"docs": {"path": str(shared), "metadata": rules}}, stages={**CHOICES, "retriever": retriever}
    )


def given(tenant, **more):
    return {"configurable": {"rag": {"filter": {"tenant": tenant}, **more}}}


def secrets_in(thing):
    said = json.dumps(thing, default=str)
    return {tenant for tenant in TENANTS if f"secret of {tenant}" in said}


def test_only_the_own_passages_reach_the_model(make, rag, ask):
    app = rag.build_graph().compile()
    question = ask("What are the fees of the bridge of tenant3?")
    out = app.invoke(question, given("tenant1", options={"context": "document"}))
    assert secrets_in(out) == secrets_in([m.text for m in make.models["small"].calls[-1][1]]) == {"tenant1"}
    assert {p["document"] for p in out["rag"]["turn"]["passages"]} == {"tenant1/Fees.md", "tenant1/Dates.md"}
    both = app.invoke(question, given(["tenant1", "tenant3"]))
    assert secrets_in(both) == {"tenant1", "tenant3"}
    assert len(secrets_in(app.invoke(question))) > 1
    assert secrets_in(app.invoke(question, given("nobody"))) == set()


def test_the_words_of_other_tenants_are_not_known(rag, ask):
    """Coverage decides whether to retrieve; it may not tell what others have in their documents."""
    app = rag.build_graph().compile()

    def coverage(tenant, question):
        decision = app.invoke(ask(question), given(tenant))["rag"]["decisions"][0]
        return decision["features"]["coverage"], decision["features"]["unseen_terms"]

    assert coverage("tenant1", "tenant1") == (1.0, 0.0)
    # a compound has three terms, "tenant", "3" and the whole; the first is in the own documents too
    assert coverage("tenant1", "tenant3") == (0.333333, 2.0)


@pytest.fixture
def mixed(make, rag):
    """Like ``rag``, with stages that ask models, and a verdict that asks again."""
    make.scripts |= dict.fromkeys(("small", "helper"), lambda kind, text: f"unanswerable {text}")
    verification = {
        "options": ["accept", "ask_again"],
        "verifiers": ["unanswerable"],
        "router": {"thresholds": {}},
    }
    retriever = {"options": {"lexical": "bm25"}}
    return make(
        corpora=rag.pipeline.policy.model_dump()["corpora"],
        stages={
            "retriever": retriever,
            "rerank": {"options": {"llm": None}},
            "verification": verification,
        },
    )


def resumed(app, make, config, tenant):
    """Return the last state under another tenant's filter, and what models were told on the way."""
    for model in make.models.values():
        model.calls.clear()
    out = app.invoke(
        None, config | {"configurable": {**config["configurable"], **given(tenant)["configurable"]}}
    )
    told = [[message.text for message in messages] for m in make.models.values() for _, messages in m.calls]
    return out, told


@pytest.mark.parametrize("before", [None, "tenant1"])
@pytest.mark.parametrize("node", ["retriever", "rerank", "context", "generate", "verify", "finish"])
def test_a_turn_resumed_by_another_tenant_loses_what_was_found(make, mixed, ask, node, before):
    graph = mixed.build_graph().compile(checkpointer=InMemorySaver(), interrupt_before=[node])
    thread = {"configurable": {"thread_id": "t"}}
    began = given(before)["configurable"] if before else {}
    graph.invoke(ask("What are the fees of the bridge?"), {"configurable": {"thread_id": "t", **began}})
    out, told = resumed(graph, make, thread, "tenant2")
    assert secrets_in([out["messages"], out["rag"]["turn"], out["rag"]["report"], told]) <= {"tenant2"}
    assert "tenant1/" not in json.dumps(out["rag"]["report"])
    if node in ("verify", "finish"):
        assert out["rag"]["report"]["abstained"]
        assert told == []


@pytest.mark.slow
def test_a_fork_under_another_filter_loses_what_was_found(make, mixed, ask):
    graph = mixed.build_graph().compile(checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "t", **given("tenant1")["configurable"]}}
    graph.invoke(ask("What are the fees of the bridge?"), thread)
    for state in list(graph.get_state_history(thread)):
        if state.next and state.next != ("__start__",):
            out, told = resumed(graph, make, state.config, "tenant2")
            assert secrets_in([out["messages"], out["rag"]["turn"], out["rag"]["report"], told]) <= {
                "tenant2"
            }


def test_the_same_filter_again_loses_nothing(make, mixed, ask):
    graph = mixed.build_graph().compile(checkpointer=InMemorySaver(), interrupt_before=["verify"])
    thread = {"configurable": {"thread_id": "t"}}
    graph.invoke(
        ask("What are the fees of the bridge?"),
        thread | given("tenant1") | {"configurable": {"thread_id": "t", **given("tenant1")["configurable"]}},
    )
    out, told = resumed(graph, make, thread, "tenant1")
    assert not out["rag"]["report"]["abstained"]
    assert secrets_in(told) == {"tenant1"}


@pytest.mark.parametrize("after", ["retriever", "rerank", "context"])
def test_a_stage_of_the_user_s_brings_nothing_past_the_filter(make, mixed, ask, after):
    class Bringing(StageBase):
        async def act(self, option, turn, run):
            theirs = Passage(id="z", document="z", title="", text="a secret of tenant1", score=9.0)
            return {key: [theirs, *turn[key]] for key in ("candidates", "passages")}

    add_stage(Stage("bringing"), after=after)(Bringing)
    try:
        policy = mixed.pipeline.policy.model_dump()["corpora"]
        app = make(corpora=policy, stages={"bringing": {"options": {"a": None}}}).build_graph().compile()
        out = app.invoke(ask("What are the fees of the bridge?"), given("tenant2"))
        told = [message.text for m in make.models.values() for _, messages in m.calls for message in messages]
        assert secrets_in([out, told]) == {"tenant2"}
        assert "tenant1" in secrets_in(app.invoke(ask("What are the fees of the bridge?"))["rag"]["turn"])
    finally:
        TOPOLOGY.remove("bringing")
        STAGES._classes.pop("bringing")


@pytest.mark.slow
async def test_fifty_calls_with_their_own_filter_user_and_budget_do_not_mix(make, rag, ask):
    app = rag.build_graph().compile()
    seen = {}

    async def one(n):
        tenant, model = TENANTS[n % 5], ("small", "medium", "large")[n % 3]
        options = {"user": f"user{n}", "tags": [tenant], "options": {"generator": model}}
        limit = {"budget": {"seconds": 60.0 + n}} if n % 2 else {}
        out = await app.ainvoke(
            ask(f"What are the fees of the bridge, asks number {n}?"), given(tenant, **options, **limit)
        )
        seen[out["rag"]["report"]["query_id"]] = n
        return out

    outs = await asyncio.gather(*map(one, range(50)))
    for n, out in enumerate(outs):
        assert secrets_in(out["rag"]["turn"]) <= {TENANTS[n % 5]}
        assert out["rag"]["turn"]["path"]["generator"] == ("small", "medium", "large")[n % 3]
    assert sum(bool(out["rag"]["turn"]["candidates"]) for out in outs) > 40
    for model in make.models.values():
        for _, messages in model.calls:
            said = [message.text for message in messages]
            number = re.search(r"asks number (\d+)", said[-1])
            assert secrets_in(said) <= {TENANTS[int(number[1]) % 5]}
    assert await rag.aflush()
    kept = {seen[turn["id"]]: turn for turn in Runs().turns()}
    assert len(kept) == 50
    for n, turn in kept.items():
        assert (turn["user"], turn["tags"]) == (f"user{n}", [TENANTS[n % 5]])
