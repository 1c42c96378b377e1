"""An agent's task pays for the queries of our tool and of our retriever within it."""

from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from dynamicrag import BudgetExceeded, DynamicRAG, DynamicRAGMiddleware
from dynamicrag.testing import FakeRetriever, ScriptedToolChat, calls_tools, says

ASKED = {"messages": [("user", "When does the museum open?")]}
POLICY = {
    "version": 1,
    "host": {"meter": "none"},
    "models": {"m": {"profile": {"usd": {"input": 1e-6, "output": 1e-6}}}},
    "stages": {"retriever": {"options": ["kb"]}},
}


def script(name):
    def reply(messages, kwargs):
        if not kwargs.get("tools"):
            return says("At ten.")  # the draft of the graph
        if messages[-1].type == "tool":
            return says("It opens at ten.")
        return calls_tools((name, {"question": "When does the museum open?"}))

    return reply


@pytest.fixture
def rag_of():
    made = []

    def one(name, **budget):
        model = ScriptedToolChat(named="m", script=script(name), max_tokens=50)
        policy = {**POLICY, "objective": {"budget": budget}}
        texts = {"kb": FakeRetriever(["The museum opens at ten."])}
        made.append(DynamicRAG.from_policy(policy, models={"m": model}, retrievers=texts))
        return made[-1], model

    yield one
    for each in made:
        each.close()


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_the_tools_calls_are_on_its_own_account_and_on_the_tasks(rag_of, how):
    rag, model = rag_of("kb", total={"usd": 1.0})
    agent = create_agent(model, [rag.as_tool("kb", "The museum.")], middleware=[DynamicRAGMiddleware(rag)])
    state = agent.invoke(ASKED) if how == "sync" else await agent.ainvoke(ASKED)
    report = next(message.artifact for message in state["messages"] if message.type == "tool")
    task = state["messages"][-1].response_metadata["dynamicrag"]["query_id"]
    assert report["answer"] == "At ten."
    assert report["query_id"] != task
    own, whole = rag.cost(report["query_id"])["usd"], rag.cost(task)["usd"]
    assert 0 < own < whole
    assert rag.budget()["usd"]["spent"] == pytest.approx(whole)
    assert rag.budget()["usd"]["set_aside"] == 0
    assert rag.explain(report["query_id"]).path["generator"] == "m"


def test_the_state_has_the_tools_calls_before_the_agents_next_call(rag_of):
    rag, model = rag_of("kb", total={"usd": 1.0})
    agent = create_agent(
        model, [rag.as_tool("kb", "The museum.")], middleware=[DynamicRAGMiddleware(rag)],
        checkpointer=InMemorySaver(), interrupt_after=["tools"],
    )  # fmt: skip
    thread = {"configurable": {"thread_id": "1"}}
    stopped = agent.invoke(ASKED, thread)
    assert [line["label"] for line in stopped["rag"]["account"]].count("m") == 2, "the agent and the graph"
    ended = agent.invoke(None, thread)
    ids = [line["id"] for line in ended["rag"]["account"]]
    assert len(set(ids)) == len(ids)
    report = ended["rag"]["report"]
    assert report["cost"]["usd"]["value"] == pytest.approx(rag.budget()["usd"]["spent"])


def test_a_tool_with_several_updates_keeps_them_and_its_calls(rag_of):
    rag, model = rag_of("kb", total={"usd": 1.0})
    app = rag.build_graph().compile()

    @tool
    def kb(question: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Answer."""
        text = app.invoke({"messages": [("user", question)]})["messages"][-1].text
        return [ToolMessage(text, tool_call_id=tool_call_id), Command(update={})]

    state = create_agent(model, [kb], middleware=[DynamicRAGMiddleware(rag)]).invoke(ASKED)
    assert [message.text for message in state["messages"] if message.type == "tool"] == ["At ten."]
    assert [line["label"] for line in state["rag"]["account"]].count("m") == 3


def test_the_limit_of_the_task_holds_for_the_tool(rag_of):
    rag, model = rag_of("kb", per_query={"usd": 4e-4})
    agent = create_agent(model, [rag.as_tool("kb", "The museum.")], middleware=[DynamicRAGMiddleware(rag)])
    with pytest.raises(BudgetExceeded):
        agent.invoke(ASKED)
    told = rag.as_tool("kb", "The museum.", on_budget="report")
    tolerant = create_agent(model, [told], middleware=[DynamicRAGMiddleware(rag)])
    with pytest.raises(BudgetExceeded):  # the agent's next call cannot be paid either
        tolerant.invoke(ASKED)


def test_a_retriever_within_a_tool_is_paid_by_the_task(rag_of):
    rag, model = rag_of("search", total={"usd": 1.0})
    found = []

    @tool
    def search(question: str) -> str:
        """Search."""
        found.extend(rag.as_retriever().invoke(question))
        return found[0].page_content

    agent = create_agent(model, [search], middleware=[DynamicRAGMiddleware(rag)])
    state = agent.invoke(ASKED)
    task = state["messages"][-1].response_metadata["dynamicrag"]["query_id"]
    query = found[0].metadata["query_id"]
    assert query != task
    assert rag.explain(query).path["retriever"] == "kb"
    assert "retriever" in {line["stage"] for line in rag.explain(task).account}
