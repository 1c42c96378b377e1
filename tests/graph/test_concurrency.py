"""Twenty questions at once: nothing of one gets into another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from .conftest import TOWNS

QUESTIONS = [{"messages": [("user", f"When was the bridge of {town} opened?")]} for town in TOWNS]
VERIFICATION = {
    "options": ["accept", "escalate"],
    "verifiers": ["unanswerable"],
    "router": "thresholds",
    "escalate": {"unanswerable": "generator"},
}


def by_batch(app):
    return asyncio.run(app.abatch(QUESTIONS))


def by_gather(app):
    async def together():
        return await asyncio.gather(*(app.ainvoke(given) for given in QUESTIONS))

    return asyncio.run(together())


def by_threads(app):
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(app.invoke, QUESTIONS))


def by_loops(app):
    """Each on an event loop of its own, all at once."""
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda given: asyncio.run(app.ainvoke(given)), QUESTIONS))


@pytest.mark.parametrize("at_once", [by_batch, by_gather, by_threads, by_loops])
def test_nothing_is_mixed_up(make, at_once):
    # every second question is escalated, so that the paths differ
    odd = set(TOWNS[1::2])
    make.scripts["small"] = lambda kind, text: (
        "unanswerable" if any(f"of {town} opened?" in text for town in odd) else f"small {_asked(text)}"
    )
    make.scripts["medium"] = lambda kind, text: f"medium {_asked(text)}"
    rag = make(stages={"verification": VERIFICATION})
    outs = at_once(rag.build_graph().compile())
    assert len({out["rag"]["turn"]["id"] for out in outs}) == 20
    for town, out in zip(TOWNS, outs, strict=True):
        model = "medium" if town in odd else "small"
        assert out["messages"][-1].text == f"{model} {town}"
        assert {decision["turn"] for decision in out["rag"]["decisions"]} == {out["rag"]["turn"]["id"]}
        assert len(out["rag"]["decisions"]) == (8 if town in odd else 6)
        assert out["rag"]["turn"]["candidates"][0]["document"] == f"{town}.md"
        account = rag.account(out["rag"]["turn"]["id"])
        assert {line.query_id for line in account.lines} == {out["rag"]["turn"]["id"]}
        calls = [line for line in account.lines if line.stage == "generator" and line.usage.calls]
        assert [line.label for line in calls] == (["small", "medium"] if town in odd else ["small"])
        sent = 10  # messages: instructions, four examples of two, question
        assert out["rag"]["report"]["tokens"]["input"] == 10 * sent * len(calls)
    assert len(rag.pipeline.ledger._accounts) == 20


def _asked(text):
    return text.rpartition("Question: ")[2].partition(" opened?")[0].rpartition(" ")[2]


@pytest.mark.slow
async def test_twenty_conversations_under_one_checkpointer(make):
    app = make().build_graph().compile(checkpointer=InMemorySaver())

    async def talk(town):
        config = {"configurable": {"thread_id": town}}
        await app.ainvoke({"messages": [("user", f"When was the bridge of {town} opened?")]}, config)
        return await app.ainvoke({"messages": [("user", "Which river does it cross?")]}, config)

    outs = await asyncio.gather(*(talk(town) for town in TOWNS))
    assert [out["messages"][-1].text for out in outs] == [f"The bridge of {town} opened" for town in TOWNS]
    assert [out["rag"]["turn"]["text"] for out in outs] == [
        f"Which river does the bridge of {town} cross?" for town in TOWNS
    ]
