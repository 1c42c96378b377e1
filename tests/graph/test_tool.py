"""The graph as a tool of an agent."""

import asyncio
import json

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tools import ToolException
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag import BudgetExceeded, InputError, PolicyError
from dynamicrag.graph.calls import given_options

from .agent import agent, told

FIRST = "When was the bridge of town03 opened?"
ANSWER = "The bridge of town03 opened"
LISTED = f"{ANSWER}\n\nSources:\n[1] About town03 (town03.md)\n[2] About town00 (town00.md)"
ASKED = {"messages": [("user", "Tell me about the bridges")]}
ABSTAINS = {
    "verification": {
        "options": ["accept", "abstain"],
        "verifiers": ["unanswerable"],
        "router": {"thresholds": {"abstain": ["unanswerable"]}},
    }
}


def tool(rag, **options):
    return rag.as_tool("kb", "Knows the towns.", **options)


def called(question, number="1"):
    return {"name": "kb", "args": {"question": question}, "id": number, "type": "tool_call"}


async def one(made, how, given, config=None):
    return made.invoke(given, config) if how == "sync" else await made.ainvoke(given, config)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_the_content_is_the_answer_with_sources_and_the_artifact_a_report(make, how):
    rag = make()
    message = await one(tool(rag), how, called(FIRST))
    assert message.content == LISTED
    report = message.artifact
    assert json.loads(json.dumps(report)) == report
    assert report["answer"] == ANSWER
    assert report["path"]["generator"] == "small"
    assert [source["id"] for source in report["sources"]] == ["town03.md#0", "town00.md#0"]
    assert "opened in 1813" in report["sources"][0]["text"]
    assert not report["abstained"]
    assert report["cost"]["joules"] == rag.cost(report["query_id"]).figures()["joules"]
    assert rag.explain(report["query_id"]).path == report["path"]


async def test_it_runs_under_a_new_loop_each_time(make):
    made = tool(make())
    answers = await asyncio.to_thread(lambda: [asyncio.run(made.ainvoke({"question": FIRST})) for _ in "ab"])
    assert answers == [LISTED, LISTED]


def test_its_only_argument_is_the_question(make):
    made = tool(make())
    assert list(made.args) == ["question"]
    assert list(made.tool_call_schema.model_json_schema()["properties"]) == ["question"]


@pytest.mark.parametrize("asked", ["", "  \n", "x" * 20_001])
async def test_a_question_that_cannot_be_used_is_a_tool_error(make, asked):
    made = tool(make())
    for message in (made.invoke(called(asked)), await made.ainvoke(called(asked))):
        assert message.status == "error"
        assert message.content.startswith("question: ")
    made.handle_tool_error = False
    with pytest.raises(ToolException, match="question: "):
        made.invoke({"question": asked})


def test_a_withheld_answer_says_so(make):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    message = tool(make(stages=ABSTAINS)).invoke(called(FIRST))
    assert message.status == "success"
    assert "The answer is withheld: the documents do not support one." in message.content
    assert "Sources" not in message.content
    assert message.artifact["abstained"]
    assert message.artifact["sources"] == []


def test_an_answer_beyond_the_documents_says_so(make):
    none = {"context": {"options": {"none": {"chunks": 0}}}}
    message = tool(make(stages=none)).invoke(called(FIRST))
    assert message.artifact["outside"]
    assert message.content.endswith("cite no source.")


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_an_agent_asks_it_in_parallel_and_each_call_is_a_query(make, how):
    rag = make()
    made = agent(tool(rag), *(f"When was the bridge of town0{n} opened?" for n in range(4)))
    state = await one(made, how, ASKED)
    reports = [message.artifact for message in told(state)]
    assert [report["answer"][-13:-7] for report in reports] == ["town00", "town01", "town02", "town03"]
    assert len({report["query_id"] for report in reports}) == 4
    for report in reports:
        assert len(rag.decisions(report["query_id"])) == 6


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_nothing_of_ours_is_in_the_agents_checkpoints(make, how):
    saver, thread = InMemorySaver(), {"configurable": {"thread_id": "a"}}
    made = agent(tool(make()), FIRST, checkpointer=saver)
    state = await one(made, how, ASKED, thread)
    assert set(state) == {"messages"}
    assert len(state["messages"]) == 4
    assert {item.config["configurable"]["checkpoint_ns"] for item in saver.list(None)} == {""}
    again = await one(made, how, ASKED, thread)
    first, second = (message.artifact for message in told(again))
    assert first["query_id"] != second["query_id"]


def test_its_nodes_do_not_see_the_agents_checkpointer(make, monkeypatch):
    """A node that asks for more budget would interrupt a run that cannot be resumed."""
    seen = []
    monkeypatch.setattr(
        "dynamicrag.graph.node.given_options",
        lambda config, context: seen.append(config["configurable"]) or given_options(config, context),
    )
    config = {"configurable": {"thread_id": "a"}}
    agent(tool(make()), FIRST, checkpointer=InMemorySaver()).invoke(ASKED, config)
    assert seen
    assert not any(each.get("__pregel_checkpointer") for each in seen)
    assert {each["thread_id"] for each in seen} == {"a"}


def test_the_conversation_of_the_agent_is_not_ours(make):
    rag = make()
    state = agent(tool(rag), "When was it opened?").invoke(
        {"messages": [("user", FIRST), ("ai", "In 1813"), ("user", "And?")]}
    )
    assert told(state)[0].artifact["question"] == "When was it opened?"
    assert make.models["helper"].calls == []


@pytest.mark.parametrize("by", ["config", "context"])
def test_the_options_of_the_agents_run_apply(make, by):
    rag = make(policies={"other": make.policy()})
    given = {"rag": {"options": {"generator": "large"}, "policy": "other"}}
    made = agent(tool(rag), FIRST)
    state = (
        made.invoke(ASKED, {"configurable": given}) if by == "config" else made.invoke(ASKED, context=given)
    )
    report = told(state)[0].artifact
    assert report["path"]["generator"] == "large"
    assert {decision["policy"] for decision in rag.decisions(report["query_id"])} == {"other"}


def test_a_wrong_option_of_the_caller_is_no_tool_error(make):
    with pytest.raises(InputError, match=r"config.configurable.rag: unknown key 'optoins'"):
        agent(tool(make()), FIRST).invoke(ASKED, {"configurable": {"rag": {"optoins": {}}}})


class Seen(BaseCallbackHandler):
    def __init__(self):
        self.tools, self.models, self.failed = {}, [], []

    def on_tool_start(self, serialized, text, *, run_id, tags, metadata, **more):
        self.tools[run_id] = (serialized["name"], tags, metadata)

    def on_chat_model_start(self, serialized, messages, *, parent_run_id, tags, metadata, **more):
        self.models.append((tags, metadata))

    def on_tool_error(self, error, **more):
        self.failed.append(error)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_callbacks_tags_and_metadata_reach_its_model(make, how):
    seen = Seen()
    config = {"callbacks": [seen], "tags": ["mine"], "metadata": {"tenant": "acme"}}
    await one(tool(make()), how, called(FIRST), config)
    assert [name for name, *_ in seen.tools.values()] == ["kb"]
    assert [(("mine" in tags), metadata["tenant"]) for tags, metadata in seen.models] == [(True, "acme")]


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_its_tokens_are_not_the_agents(make, how):
    made = agent(tool(make()), FIRST)
    if how == "sync":
        shown = list(made.stream(ASKED, stream_mode="messages"))
        inner = list(made.stream(ASKED, stream_mode="messages", subgraphs=True))
    else:
        shown = [item async for item in made.astream(ASKED, stream_mode="messages")]
        inner = [item async for item in made.astream(ASKED, stream_mode="messages", subgraphs=True)]
    assert [message.text for message, _ in shown if message.type != "tool"][-1:] == [f"In short: {LISTED}"]
    assert {meta["langgraph_node"] for _, meta in shown} == {"model", "tools"}
    drafts = [message.text for space, (message, _) in inner if space and space[0].startswith("tools:")]
    assert "".join(drafts) == ANSWER


def test_its_decisions_are_events_within_the_namespace_of_the_call(make):
    made = agent(tool(make()), FIRST)
    assert list(made.stream(ASKED, stream_mode="custom")) == []
    events = list(made.stream(ASKED, stream_mode="custom", subgraphs=True))
    assert {space[0].partition(":")[0] for space, _ in events} == {"tools"}
    assert [event["type"] for _, event in events] == ["begun", *["decision"] * 6, "report"]


def test_a_failure_of_the_provider_is_a_tool_error_and_the_agent_goes_on(make):
    make.scripts |= dict.fromkeys(("small", "medium", "large"), lambda kind, text: "BREAK")
    state = agent(tool(make()), FIRST).invoke(ASKED)
    (message,) = told(state)
    assert message.status == "error"
    assert message.content.startswith("The question could not be answered: ")
    assert "the line broke" in message.content
    assert state["messages"][-1].text.startswith("In short: ")


def poor(make, exhausted="error"):
    profile = {"usd": {"input": 1.0, "output": 1.0}}
    models = {"small": {"model": "fake:small", "profile": profile}}
    budget = {"per_query": {"usd": 1e-9}, "exhausted": exhausted}
    stages = {"generator": {"options": ["small"]}}
    return make(models=models, helper=None, objective={"budget": budget}, stages=stages)


async def test_a_budget_that_is_used_up_ends_the_agents_run(make):
    rag, seen = poor(make), Seen()
    with pytest.raises(BudgetExceeded):
        agent(tool(rag), FIRST).invoke(ASKED, {"callbacks": [seen]})
    assert isinstance(seen.failed[0], BudgetExceeded)
    with pytest.raises(BudgetExceeded):
        await tool(rag).ainvoke({"question": FIRST})


async def test_a_budget_that_is_used_up_is_a_tool_error_on_request(make):
    made = tool(poor(make), on_budget="report")
    for state in (agent(made, FIRST).invoke(ASKED), await agent(made, FIRST).ainvoke(ASKED)):
        assert told(state)[0].status == "error"
        assert "budget" in told(state)[0].content


async def test_a_cancelled_call_leaves_no_reservation(make):
    begun = asyncio.Event()

    def script(kind, text):
        loop.call_soon_threadsafe(begun.set)
        return "WAIT"

    loop, make.scripts["small"] = asyncio.get_running_loop(), script
    profile = {"usd": {"input": 1e-6, "output": 1e-6}}
    models = {"small": {"model": "fake:small", "profile": profile}}
    stages = {"generator": {"options": ["small"]}}
    rag = make(models=models, helper=None, objective={"budget": {"total": {"usd": 1.0}}}, stages=stages)
    work = asyncio.create_task(tool(rag).ainvoke({"question": FIRST}))
    await begun.wait()
    assert rag.budget()["usd"]["set_aside"] > 0
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert rag.budget()["usd"]["set_aside"] == 0


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("my tool", "x"), "name is 'my tool'"),
        (("a" * 65, "x"), "1 to 64"),
        ((None, "x"), "name is None"),
        (("kb", " "), "description is empty"),
        (("kb", None), "description is empty"),
    ],
)
def test_a_tool_that_providers_refuse_is_refused_at_once(make, given, problem):
    with pytest.raises(PolicyError, match=problem):
        make().as_tool(*given)


def test_a_wrong_on_budget_is_refused(make):
    with pytest.raises(PolicyError, match="valid: raise, report"):
        tool(make(), on_budget="ignore")


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_tool_does_not_ask_for_more_budget(make, how):
    """It could not be resumed: its part of the run is in no checkpoint."""
    rag = poor(make, exhausted="ask")
    made = agent(tool(rag), FIRST, checkpointer=InMemorySaver())
    with pytest.raises(BudgetExceeded):
        await one(made, how, ASKED, {"configurable": {"thread_id": "a"}})
    with pytest.raises(BudgetExceeded):
        await one(rag.as_retriever(), how, FIRST)
