"""Tasks that end without a word are in the report and in the decision log all the same."""

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    hook_config,
)
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from dynamicrag import DynamicRAGMiddleware
from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.finished import Finished
from dynamicrag.errors import ProviderError
from tests.faces.langchain.scripted import ToolChat, calls, said
from tests.faces.langchain.test_budgets import research
from tests.faces.langchain.test_middleware import ASKED, about, add, adds, agent_of, run, two

HOWS = pytest.mark.parametrize("how", ["sync", "async"])
APPROVED = Command(resume={"decisions": [{"type": "approve"}]})
LIMITED = {"budget": {"total": {"usd": 1.0}}}


class Guard(AgentMiddleware):
    def after_model(self, state, runtime):
        raise RuntimeError("guard")


class Reflect(AgentMiddleware):
    @hook_config(can_jump_to=["model"])
    def after_model(self, state, runtime):
        last = state["messages"][-1]
        if last.tool_calls or any("Check" in each.text for each in state["messages"]):
            return None
        return {"messages": [HumanMessage("Check it again.")], "jump_to": "model"}


def endless(*_):
    return calls(("add", {"a": 1, "b": 2}))


def kept(rag):
    """Return the ids of the queries in the report; their costs must add up to the budget's."""
    rag.flush()
    books = rag.pipeline.bookkeeper
    queries = [one for one in rag.pipeline.ledger._accounts if books.kept(one)]
    paid = sum(books.kept(one)["cost"]["usd"]["value"] for one in queries)
    assert 0 < paid == pytest.approx(rag.budget()["usd"]["spent"])
    assert all(books.logged(one) for one in queries)
    return queries


@HOWS
@pytest.mark.parametrize("end", ["recursion", "limit", "guard"])
def test_a_task_that_another_part_ends_is_kept(make, how, end):
    beside = {"limit": [ModelCallLimitMiddleware(run_limit=2, exit_behavior="error")], "guard": [Guard()]}
    models = two(endless)
    rag = make(models, objective=LIMITED)
    agent = agent_of(rag, models, beside=beside.get(end, ()))
    with pytest.raises(Exception, match=r"guard|limit"):
        run(agent, how, config={"recursion_limit": 6})
    (query,) = kept(rag)
    record = rag.pipeline.bookkeeper.kept(query)
    called = sum(len(each.given) for each in models.values())
    assert sum(each["calls"] for each in record["models"].values()) == called
    assert len(rag.pipeline.bookkeeper.logged(query).decisions) == called


@HOWS
def test_an_interrupted_task_is_kept_and_its_end_replaces_it(make, how, caplog):
    caplog.set_level("INFO", "dynamicrag.queries")
    models = two()
    rag = make(models, objective=LIMITED)
    config = {"configurable": {"thread_id": "1"}}
    beside = [HumanInTheLoopMiddleware(interrupt_on={"add": True})]
    agent = agent_of(rag, models, beside=beside, checkpointer=InMemorySaver())
    run(agent, how, config=config)
    (first,) = kept(rag)
    run(agent, how, {"messages": [("user", "Another question?")]}, config)
    assert len(kept(rag)) == 2
    (record,) = [each for each in caplog.records if each.name == "dynamicrag.queries"]
    assert (record.query_id, record.replaced) == (first, True), "nobody will end the first task"
    assert rag.pipeline.bookkeeper.kept(first)["replaced"]
    out = run(agent, how, APPROVED, config)
    first_again, second = kept(rag)
    assert (first_again, second) == (first, about(out)["query_id"])
    assert len(rag.pipeline.bookkeeper.logged(second).decisions) == 2


@HOWS
def test_an_injected_human_message_begins_another_task_and_both_are_kept(make, how):
    models = two(lambda *_: said("It is 3."))
    rag = make(models, objective=LIMITED)
    out = run(agent_of(rag, models, (), beside=[Reflect()]), how)
    ids = {each.response_metadata["dynamicrag"]["query_id"] for each in out["messages"] if each.type == "ai"}
    assert len(ids) == 2
    assert set(kept(rag)) == ids


@HOWS
def test_calls_of_a_tool_are_kept_if_nothing_follows(make, how):
    def script(messages, kwargs):
        return calls(("ask", {"question": "q"})) if kwargs.get("tools") else said("found")

    models = two(script)
    rag = make(models, objective=LIMITED)
    inner = research(rag, models)[how == "async"]
    inner.__name__ = "ask"
    with pytest.raises(Exception, match="limit"):
        run(agent_of(rag, models, (inner,)), how, config={"recursion_limit": 2})
    (query,) = kept(rag)
    assert sum(each["calls"] for each in rag.pipeline.bookkeeper.kept(query)["models"].values()) == 2


@HOWS
def test_a_sub_agent_that_dies_keeps_its_decisions(make, how):
    def script(messages, kwargs):
        named = [each["function"]["name"] for each in kwargs["tools"]]
        if "ask" in named:
            return calls(("ask", {"question": "q"}))
        if messages[-1].type == "tool":
            raise ValueError("the provider is down")
        return calls(("add", {"a": 1, "b": 2}))

    models = {"gpt-4o": ToolChat(named="gpt-4o", script=script)}
    rag = make(models, objective=LIMITED)
    inner = agent_of(rag, models)

    def ask(question: str) -> str:
        """Ask the researcher."""
        return inner.invoke({"messages": [("user", question)]})["messages"][-1].text

    with pytest.raises(ProviderError):
        run(agent_of(rag, models, (ask,)), how)
    (task,) = kept(rag)
    log = {one: rag.pipeline.bookkeeper.logged(one) for one in rag.pipeline.ledger._accounts}
    assert len(log.pop(task).decisions) == 1
    assert [len(each.decisions) for each in log.values()] == [2], "of the call that failed, too"


def test_a_part_never_replaces_the_end(make, monkeypatch):
    models = two()
    rag = make(models, objective=LIMITED)
    agent = create_agent(models["gpt-4o"], [add], middleware=[DynamicRAGMiddleware(rag)])
    query = about(agent.invoke(ASKED))["query_id"]
    books = rag.pipeline.bookkeeper
    rag.flush()
    whole = books.logged(query)
    part = Finished(query, "?", {"policy": "p", "thread": ""}, goes_on=True, entry=lambda: None)
    books._latest[query] = Finished(query, "?", {})  # the end is on its way
    Bookkeeper._commit_part(books, part)
    assert books.logged(query).decisions == whole.decisions
    assert books.failures == 0


def test_the_log_record_is_written_once(make, caplog):
    caplog.set_level("INFO", "dynamicrag.queries")
    models = two(adds)
    rag = make(models, objective=LIMITED)
    agent_of(rag, models).invoke(ASKED)
    rag.flush()
    assert len([each for each in caplog.records if each.name == "dynamicrag.queries"]) == 1
