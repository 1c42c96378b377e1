"""A tenant filter on the whole graph: nothing of another tenant's reaches the state or a model."""

import asyncio
import json
import re

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag.cost.runs import Runs

TENANTS = [f"tenant{n}" for n in range(5)]
STAGES = {
    "retrieval": {"options": ["none", "single"], "router": "heuristic"},
    "context": {"options": {"short": {"chunks": 2}, "document": {"whole": True}}, "router": "heuristic"},
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
        corpora={"docs": {"path": str(shared), "metadata": rules}}, stages={**STAGES, "retriever": retriever}
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


def test_a_turn_resumed_by_another_tenant_loses_what_was_found(rag, ask):
    graph = rag.build_graph().compile(checkpointer=InMemorySaver(), interrupt_before=["context"])
    thread = {"thread_id": "t"}

    def config(tenant):
        return {"configurable": {**thread, **given(tenant)["configurable"]}}

    graph.invoke(ask("What are the fees of the bridge?"), config("tenant1"))
    out = graph.invoke(None, config("tenant2"))
    assert out["rag"]["turn"]["passages"] == []


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
