"""One reserved budget for a task, its sub-agents, and all concurrent runs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain.agents import create_agent

from dynamicrag.errors import BudgetExceeded
from dynamicrag.faces.langchain import DynamicRAGMiddleware
from tests.faces.langchain.scripted import ToolChat, calls, said
from tests.faces.langchain.test_middleware import ASKED, about, adds, agent_of, run

RUNS = 50
USD = {"gpt-4o": 100 * 2.5e-6 + 10 * 10.0e-6}
"""Cost of a scripted call: 100 tokens read, 10 written."""


def dear(seconds=0.0, script=adds):
    return {"gpt-4o": ToolChat(named="gpt-4o", script=script, seconds=seconds, max_tokens=50)}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_concurrent_runs_never_exceed_the_total(make, how):
    models, limit = dear(0.002), 0.02
    rag = make(models, objective={"budget": {"total": {"usd": limit}}})
    agent = agent_of(rag, models)

    def one(_):
        try:
            return agent.invoke(ASKED)
        except BudgetExceeded:
            return None

    async def all_of_them():
        found = await asyncio.gather(*[agent.ainvoke(ASKED) for _ in range(RUNS)], return_exceptions=True)
        assert all(isinstance(each, dict | BudgetExceeded) for each in found), found
        return [each for each in found if isinstance(each, dict)]

    if how == "sync":
        with ThreadPoolExecutor(RUNS) as pool:
            done = [each for each in pool.map(one, range(RUNS)) if each is not None]
    else:
        done = asyncio.run(all_of_them())
    paid = len(models["gpt-4o"].given) * USD["gpt-4o"]
    state = rag.budget()["usd"]
    assert 0 < len(done) < RUNS
    assert paid <= limit
    assert state["spent"] == pytest.approx(paid)
    assert state["set_aside"] == pytest.approx(0.0, abs=1e-12)
    assert limit - paid < 0.006  # the worst case of one call did not fit any more


def research(rag, models):
    """Return a tool that asks an agent of its own."""
    inner = create_agent(models["gpt-4o"], [], middleware=[DynamicRAGMiddleware(rag)])

    def ask(question: str) -> str:
        """Ask the researcher."""
        try:
            return inner.invoke({"messages": [("user", question)]})["messages"][-1].text
        except BudgetExceeded:
            return "nothing left"

    async def aask(question: str) -> str:
        """Ask the researcher."""
        try:
            out = await inner.ainvoke({"messages": [("user", question)]})
        except BudgetExceeded:
            return "nothing left"
        return out["messages"][-1].text

    return ask, aask


def leads(n):
    def script(messages, kwargs):
        names = [each["function"]["name"] for each in kwargs.get("tools") or ()]
        if not names:
            return said("found")
        if messages[-1].type == "tool":
            return said("all found")
        return calls(*[(names[0], {"question": f"q{i}"}) for i in range(n)])

    return script


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_task_pays_for_its_sub_agents(make, how):
    models = dear(script=leads(2))
    rag = make(models)
    tool = research(rag, models)[how == "async"]
    out = run(agent_of(rag, models, (tool,)), how)
    assert out["messages"][-1].text == "all found"
    query = about(out)["query_id"]
    assert len([line for line in rag.account(query).lines if line.usage.calls]) == 4
    assert out["rag"]["report"]["tokens"]["input"] == pytest.approx(400, abs=400)
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(rag.cost(query)["usd"])
    assert len([each for each in rag.explain(query).account if each["input_tokens"]]) == 4
    rag.flush()
    stored = [one for one in rag.pipeline.ledger._accounts if rag.pipeline.bookkeeper.kept(one)]
    assert stored == [query], "the sub-agents' calls are stored with the task alone"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_budget_holds_for_a_task_and_its_sub_agents(make, how):
    models = dear(0.002, leads(60))
    limit = 0.006
    rag = make(models, objective={"budget": {"per_query": {"usd": limit}}})
    tool = research(rag, models)[how == "async"]
    with pytest.raises(BudgetExceeded, match="per_query"):
        run(agent_of(rag, models, (tool,)), how)
    query = next(iter(rag.pipeline.ledger._accounts))
    paid = rag.cost(query)["usd"]
    assert 2 * USD["gpt-4o"] / 3 < paid <= limit
    assert len([line for line in rag.account(query).lines if line.usage.output_tokens]) > 1


def test_a_graph_in_a_tool_is_paid_by_the_task(make, tmp_path):
    (tmp_path / "bridge.md").write_text("# Bridge\n\nThe bridge of Tarn opened in 1832.")

    def script(messages, kwargs):
        if not kwargs.get("tools"):
            return said("In 1832.")
        return (
            said("It opened in 1832.")
            if messages[-1].type == "tool"
            else calls(("ask", {"question": "When?"}))
        )

    models = dear(script=script)
    rag = make(
        models,
        corpora={"docs": {"path": str(tmp_path)}},
        stages={"retrieval": {"options": ["single"]}, "context": {"options": {"short": {"chunks": 2}}}},
    )
    app = rag.build_graph().compile()

    def ask(question: str) -> str:
        """Ask the documents."""
        return app.invoke({"messages": [("user", question)]})["messages"][-1].text

    out = agent_of(rag, models, (ask,)).invoke(ASKED)
    query = about(out)["query_id"]
    assert len([line for line in rag.account(query).lines if line.label == "gpt-4o"]) == 3
    rag.flush()
    stored = [one for one in rag.pipeline.ledger._accounts if rag.pipeline.bookkeeper.kept(one)]
    assert query in stored
    assert len([one for one in stored if not one.startswith("ingest:")]) == 1


def test_a_limit_is_sent_only_if_a_budget_needs_one(make):
    def plain():
        return {"gpt-4o": ToolChat(named="gpt-4o", script=adds)}

    free, limited = plain(), plain()
    agent_of(make(free), free).invoke(ASKED)
    rag = make(limited, objective={"budget": {"total": {"usd": 1.0}}})
    agent_of(rag, limited, options={"max_tokens": 77}).invoke(ASKED)
    assert free["gpt-4o"].given[0][1]["max_tokens"] is None
    assert limited["gpt-4o"].given[0][1]["max_tokens"] == 77


def test_a_cancelled_run_leaves_no_reservation(make):
    models = dear(60.0)
    rag = make(models, objective={"budget": {"total": {"usd": 1.0}}})
    agent = agent_of(rag, models)

    async def cancelled():
        task = asyncio.create_task(agent.ainvoke(ASKED))
        while not rag.budget()["usd"]["set_aside"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # the model is called
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancelled())
    state = rag.budget()["usd"]
    assert state["set_aside"] == pytest.approx(0.0, abs=1e-12)
    assert state["spent"] > 0, "a call that was cancelled is charged at its worst case"
    assert not rag.pipeline.budget._open


@pytest.mark.parametrize("how", ["sync", "async"])
def test_sub_agents_side_by_side_wait_for_each_others_reservations(make, how):
    models = dear(0.005, leads(30))
    models["gpt-4o"].max_tokens = 500
    rag = make(models, objective={"budget": {"per_query": {"usd": 0.04}}})
    tool = research(rag, models)[how == "async"]
    out = run(agent_of(rag, models, (tool,)), how)
    assert [each.text for each in out["messages"] if each.type == "tool"] == ["found"] * 30
    assert len(models["gpt-4o"].given) == 32
    assert rag.cost(about(out)["query_id"])["usd"] <= 0.04 < 30 * 500 * 10.0e-6, "not all at once"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_refused_call_leaves_no_decision_for_a_model_that_was_never_called(make, how):
    models = {name: ToolChat(named=name, script=adds, max_tokens=50) for name in ("gpt-4o-mini", "gpt-4o")}
    for each in models.values():
        each.script = lambda *_: calls(("add", {"a": 1, "b": 2}))
    rag = make(models, objective={"weights": {"usd": 1e3}, "budget": {"per_query": {"usd": 0.0008}}})
    with pytest.raises(BudgetExceeded, match="per_query"):
        run(agent_of(rag, models), how)
    query = next(iter(rag.pipeline.ledger._accounts))
    made = rag.explain(query).decisions
    assert not models["gpt-4o"].given
    assert {each["chosen"] for each in made} == {"gpt-4o-mini"}
    assert len(made) == len(models["gpt-4o-mini"].given) > 1
    assert rag.explain(query).path["generator"] == "gpt-4o-mini"
