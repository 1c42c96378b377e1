"""What is left behind by queries: rows, bookings, and nothing of what was said."""

import asyncio
import time

import pytest

from dynamicrag.cost.runs import Runs
from dynamicrag.errors import ProviderError

QUESTION = "When was the bridge of town03 opened?"
PRICED = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}}}
    for name, price in {"small": 0.001, "medium": 0.01, "large": 0.1, "helper": 0.0}.items()
}


@pytest.fixture
def runs(monkeypatch, tmp_path) -> Runs:
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    return Runs()


def test_a_finished_query_is_kept(make, ask, runs):
    rag = make(models=PRICED)
    app = rag.build_graph().compile()
    out = app.invoke(ask(QUESTION), {"configurable": {"thread_id": "t-7"}})
    assert rag.flush()
    (turn,) = runs.turns()
    assert turn["id"] == out["rag"]["report"]["query_id"]
    assert (turn["policy"], turn["thread"]) == (rag.pipeline.policy.name, "t-7")
    assert turn["path"]["generator"] == "small"
    assert turn["cost"]["usd"]["value"] == pytest.approx(0.001)
    assert turn["tokens"]["input"] > 0
    assert turn["first_token_seconds"] > 0
    assert set(turn["stages"]) >= {"retrieval", "retriever", "generator"}
    assert "town03" not in str(turn)


def test_questions_and_answers_are_kept_where_the_policy_asks_for_it(make, ask, runs):
    rag = make(runs={"text": True})
    rag.build_graph().compile().invoke(ask(QUESTION))
    assert rag.flush()
    (turn,) = runs.turns()
    assert (turn["question"], turn["answer"]) == (QUESTION, "The bridge of town03 opened")


def test_nothing_is_kept_where_the_policy_says_so(make, ask, runs):
    rag = make(runs={"keep": 0})
    rag.build_graph().compile().invoke(ask(QUESTION))
    assert rag.flush()
    assert not runs.path.exists()


def test_a_failed_query_is_kept_with_what_it_cost(make, ask, runs):
    make.scripts |= dict.fromkeys(("small", "medium", "large"), lambda kind, text: "well BREAK")
    rag = make(models=PRICED, stages={"generator": {"options": ["small"]}})
    with pytest.raises(ProviderError):
        rag.build_graph().compile().invoke(ask(QUESTION))
    assert rag.flush()
    (turn,) = runs.turns()
    assert turn["error"] == "ProviderError"
    assert turn["failed_calls"] == 1
    assert turn["cost"]["usd"]["value"] == pytest.approx(0.001)
    # nobody says what it used: what was set aside is booked, a prompt of a token a byte and a whole answer
    assert turn["tokens"] == {"input": turn["tokens"]["input"], "output": 64}
    assert turn["cost"]["tokens"]["kind"] == "estimated"


def test_an_account_that_cannot_be_kept_fails_no_answer(make, ask, runs, caplog):
    runs.path.parent.mkdir(parents=True)
    runs.path.write_bytes(b"not a database at all, whatever its name says " * 40)
    rag = make()
    app = rag.build_graph().compile()
    assert app.invoke(ask(QUESTION))["messages"][-1].text == "The bridge of town03 opened"
    assert rag.flush()
    assert rag.pipeline.bookkeeper.failures == 2  # decisions and account
    assert caplog.text.count("could not be stored") == 1


async def test_a_total_is_never_overspent_by_queries_side_by_side(make, ask):
    large = {"generator": {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "large"}}}}
    rag = make(models=PRICED, objective={"budget": {"total": {"usd": 0.355}}}, stages=large)
    app = rag.build_graph().compile()
    outs = await asyncio.gather(*(app.ainvoke(ask(QUESTION)) for _ in range(12)))
    spent, held = rag.pipeline.budget.purse.state()
    assert spent["usd"] <= 0.355 * (1 + 1e-9)
    assert not held.get("usd")
    took = [out["rag"]["report"]["path"]["generator"] for out in outs]
    assert set(took) > {"large"}, "what does not fit goes to a cheaper model"
    assert took.count("large") == 3


async def test_cancelled_calls_are_charged_and_free_their_reservations(make, ask):
    rag = make(models=PRICED, objective={"budget": {"total": {"usd": 1.0}}})
    app = rag.build_graph().compile()
    await app.ainvoke(ask(QUESTION))  # warm
    make.models["small"].script = lambda kind, text: "word " * 1000
    task = asyncio.create_task(app.ainvoke(ask(QUESTION)))
    while len(make.models["small"].calls) < 2:  # noqa: ASYNC110 - it is called on another loop
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    until = time.monotonic() + 60
    while rag.pipeline.budget.purse.state()[1].get("usd") and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    spent, held = rag.pipeline.budget.purse.state()
    assert not held.get("usd")
    assert spent["usd"] == pytest.approx(0.002)


def test_seconds_are_kept_by_a_timeout(make, ask):
    from dynamicrag import BudgetExceeded

    make.scripts["small"] = lambda kind, text: "word " * 60  # one a millisecond
    rag = make(
        objective={"budget": {"per_query": {"seconds": 0.05}}}, stages={"generator": {"options": ["small"]}}
    )
    with pytest.raises(BudgetExceeded, match=r"per_query\.seconds: model small had no answer"):
        rag.build_graph().compile().invoke(ask(QUESTION))


def test_tags_and_the_user_are_kept_with_the_query(make, ask, runs):
    app = make().build_graph().compile()
    app.invoke(ask(QUESTION), {"configurable": {"rag": {"tags": ["beta", "beta", "eu"], "user": "anna"}}})
    make.scripts |= dict.fromkeys(("small", "medium", "large"), lambda kind, text: "well BREAK")
    failing = make(stages={"generator": {"options": ["small"]}})
    with pytest.raises(ProviderError):
        failing.build_graph().compile().invoke(ask(QUESTION), {"configurable": {"rag": {"tags": "eu"}}})
    for rag in make.made:
        assert rag.flush()
    assert [(turn["tags"], turn["user"]) for turn in runs.turns()] == [(["beta", "eu"], "anna"), (["eu"], "")]
