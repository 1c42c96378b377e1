"""An agent's calls are routed, and keep what an agent can do."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, SystemMessage, ToolMessage
from langchain_core.retrievers import BaseRetriever
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from dynamicrag import DynamicRAG
from dynamicrag.errors import PolicyError
from dynamicrag.faces.langchain import DynamicRAGMiddleware
from tests.faces.langchain.scripted import StreamChat, ToolChat, calls, policy_of, said

ASKED = {"messages": [("user", "What is 1 + 2?")]}


class Sum(BaseModel):
    """A sum."""

    value: int


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def adds(messages, kwargs):
    """Call the tool, then answer; with a schema as a tool, answer by it."""
    if not isinstance(messages[-1], ToolMessage):
        return calls(("add", {"a": 1, "b": 2}))
    named = [each["function"]["name"] for each in kwargs.get("tools") or ()]
    if kwargs.get("response_format"):
        return said('{"value": 3}')
    return calls(("Sum", {"value": 3})) if "Sum" in named else said("It is 3.")


def two(script=adds, kind=ToolChat):
    return {name: kind(named=name, script=script) for name in ("gpt-4o-mini", "gpt-4o")}


def run(agent, how, given=ASKED, config=None):
    return agent.invoke(given, config) if how == "sync" else asyncio.run(agent.ainvoke(given, config))


def agent_of(rag, models, tools=(add,), *, stages=("generator",), beside=(), options=None, **more):
    mine = DynamicRAGMiddleware(rag, stages, **(options or {}))
    return create_agent(models["gpt-4o"], list(tools), middleware=[mine, *beside], **more)


def about(out):
    return out["messages"][-1].response_metadata["dynamicrag"]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_calls_go_to_the_policys_model_on_one_account(make, how):
    models = two()
    rag = make(models, stages={"retrieval": {"options": ["none"]},
                               "generator": {"router": {"fixed": {"option": "gpt-4o-mini"}}}})  # fmt: skip
    out = run(agent_of(rag, models), how)
    assert out["messages"][-1].text == "It is 3."
    assert len(models["gpt-4o-mini"].given) == 2
    assert models["gpt-4o"].given == []
    query = about(out)["query_id"]
    assert about(out)["model"] == "gpt-4o-mini"
    assert {
        m.response_metadata["dynamicrag"]["query_id"] for m in out["messages"] if isinstance(m, AIMessage)
    } == {query}
    lines = [line for line in rag.account(query).lines if line.label == "gpt-4o-mini"]
    assert [line.usage.input_tokens for line in lines] == [100, 100]
    assert out["rag"]["report"]["tokens"] == {"input": 200, "output": 20}
    assert [each["stage"] for each in rag.explain(query).decisions] == ["generator", "generator"]
    rag.flush()
    assert rag.pipeline.log.query(query).path == {"generator": "gpt-4o-mini"}
    assert rag.feedback(query, 1.0)


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("strategy", [ToolStrategy(Sum), ProviderStrategy(Sum), AutoStrategy(Sum), Sum])
def test_structured_output_keeps_working(make, how, strategy):
    models = two()
    out = run(agent_of(make(models), models, response_format=strategy), how)
    assert out["structured_response"] == Sum(value=3)
    assert about({"messages": [m for m in out["messages"] if isinstance(m, AIMessage)]})["query_id"]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_tokens_stream(make, how):
    models = two(lambda *_: said("one two three"), StreamChat)
    agent = agent_of(make(models), models, ())

    async def stream():
        return [each async for each, _ in agent.astream(ASKED, stream_mode="messages")]

    found = (
        asyncio.run(stream())
        if how == "async"
        else [m for m, _ in agent.stream(ASKED, stream_mode="messages")]
    )
    assert [each.text for each in found if isinstance(each, AIMessageChunk)][:3] == ["one ", "two ", "three "]


def test_a_streamed_call_is_booked_once(make):
    models = two(lambda *_: said("one two three", read=20, wrote=3), StreamChat)
    rag = make(models)
    agent = agent_of(rag, models, ())
    last = [*agent.stream(ASKED, stream_mode="values")][-1]
    usage = [line.usage for line in rag.account(about(last)["query_id"]).lines if line.usage.calls]
    assert [(each.input_tokens, each.output_tokens) for each in usage] == [(20, 3)]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_conversation_has_one_query_per_human_message(make, how):
    models, saver = two(), InMemorySaver()
    agent = agent_of(make(models), models, checkpointer=saver)
    config = {"configurable": {"thread_id": "t"}}
    first, second = run(agent, how, config=config), run(agent, how, config=config)
    assert about(first)["query_id"] != about(second)["query_id"]
    assert {each["turn"] for each in second["rag"]["decisions"]} == {about(second)["query_id"]}
    assert second["rag"]["report"]["tokens"]["input"] == 200


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_resumed_run_books_nothing_twice(make, how):
    models, saver = two(), InMemorySaver()
    rag = make(models)
    agent = agent_of(rag, models, checkpointer=saver, interrupt_before=["tools"])
    config = {"configurable": {"thread_id": "t"}}
    run(agent, how, config=config)
    out = run(agent, how, None, config)
    assert out["messages"][-1].text == "It is 3."
    assert out["rag"]["report"]["tokens"]["input"] == 200
    assert len([line for line in rag.account(about(out)["query_id"]).lines if line.usage.input_tokens]) == 2


def test_the_call_chooses_the_model(make):
    models = two()
    agent = agent_of(make(models), models)
    out = agent.invoke(ASKED, {"configurable": {"rag": {"options": {"generator": "gpt-4o"}, "tags": ["x"]}}})
    assert about(out)["model"] == "gpt-4o"


def test_parallel_tool_calls(make):
    def script(messages, kwargs):
        del kwargs
        if isinstance(messages[-1], ToolMessage):
            return said(" ".join(m.text for m in messages if isinstance(m, ToolMessage)))
        return calls(("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4}))

    models = two(script)
    assert agent_of(make(models), models).invoke(ASKED)["messages"][-1].text == "3 7"


BLOCK = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(("how", "prompt"), [("sync", "Be brief."), ("async", SystemMessage([BLOCK]))])
def test_retrieval_adds_passages_to_the_request_alone(make, tmp_path, how, prompt):
    (tmp_path / "bridge.md").write_text("# Bridge\n\nThe bridge of Tarn opened in 1832.")
    models = two(lambda *_: said("In 1832."))
    rag = make(
        models,
        corpora={"docs": {"path": str(tmp_path)}},
        stages={"retrieval": {"options": ["single"]}, "context": {"options": {"short": {"chunks": 2}}},
                "generator": {"router": "prior"}},
    )  # fmt: skip
    agent = agent_of(rag, models, (), stages=["retrieval", "generator"], system_prompt=prompt)
    out = run(agent, how, {"messages": [("user", "When did the bridge of Tarn open?")]})
    shown = (models["gpt-4o-mini"].given + models["gpt-4o"].given)[0][0][0]
    assert isinstance(shown, SystemMessage)
    assert shown.text.startswith("Be brief.")
    if prompt != "Be brief.":
        assert shown.content[0] == BLOCK, "the provider's prompt cache ends there"
    assert "1832" in shown.text
    assert not any(isinstance(each, SystemMessage) for each in out["messages"])
    assert out["rag"]["report"]["path"]["retrieval"] == "single"
    assert [each["id"] for each in out["rag"]["report"]["sources"]]


def test_untitled_passages_have_a_readable_name(make):
    models = two(lambda *_: said("At ten."))
    found = [
        Document("Open at ten.", metadata={"source": "/data/hours.pdf"}),
        Document("Tickets cost 6.50.", id="1ab24f7e-7b9c-4a8f-a2f9-522f6649033c"),
    ]

    class Fixed(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            return found

    stages = {"retriever": {"options": ["kb"]}, "generator": {"router": "prior"}}
    rag = DynamicRAG.from_policy(
        policy_of(list(models), stages=stages),
        models=models,
        retrievers={"kb": Fixed()},
    )
    agent_of(rag, models, (), stages=["retrieval", "generator"]).invoke(
        {"messages": [("user", "When does the museum open?")]}
    )
    shown = (models["gpt-4o-mini"].given + models["gpt-4o"].given)[0][0][0]
    assert "[hours.pdf] Open at ten." in shown.text
    assert "[document 2] Tickets cost 6.50." in shown.text


class Letters:
    """Embeds a text by the letters in it."""

    def embed_documents(self, texts):
        return [
            [text.lower().count(letter) + 0.01 for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts
        ]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


def test_the_nearest_tools_are_shown_and_called_ones_stay():
    from langchain_core.embeddings import Embeddings
    from langchain_core.tools import tool

    from dynamicrag import DynamicRAG
    from tests.faces.langchain.scripted import policy_of

    class Vectors(Letters, Embeddings):
        pass

    @tool
    def zzz() -> str:
        """Zzz zzz."""
        return "z"

    @tool
    def qqq() -> str:
        """Qqq qqq."""
        return "q"

    @tool
    def xxx() -> str:
        """Xxx xxx."""
        return "x"

    def script(messages, kwargs):
        del kwargs
        return said("done") if isinstance(messages[-1], ToolMessage) else calls(("zzz", {}))

    models = two(script)
    rag = DynamicRAG.from_policy(policy_of(list(models)), models=models, embedder=Vectors())
    agent = agent_of(rag, models, (qqq, xxx, zzz), stages=["tools", "generator"], options={"max_tools": 1})
    out = agent.invoke({"messages": [("user", "zzzz")]})
    embedded = [line for line in rag.account(about(out)["query_id"]).lines if line.stage == "tools"]
    assert [line.usage.input_tokens > 0 for line in embedded] == [True, False], "then all is known"
    assert rag.pipeline.ledger.line_cost(embedded[0]).known("usd") is None, "nobody knows this model's price"
    given = models["gpt-4o-mini"].given + models["gpt-4o"].given
    assert [[each["function"]["name"] for each in kwargs["tools"]] for _, kwargs in given] == [
        ["zzz"],
        ["zzz"],
    ]
    rag.close()


def test_unknown_stages_are_refused(make):
    models = two()
    with pytest.raises(PolicyError, match="unknown stage 'generatr'"):
        DynamicRAGMiddleware(make(models), ["generatr"])
    with pytest.raises(PolicyError, match="with 'generator'"):
        DynamicRAGMiddleware(make(models), ["retrieval"])
    with pytest.raises(PolicyError, match="stages: 'generator'; give a list with 'generator'"):
        DynamicRAGMiddleware(make(models), "generator")


@pytest.mark.parametrize("limit", ["max_tokens", "max_tools"])
@pytest.mark.parametrize("value", [0, -1, True, 2.5, None])
def test_limits_below_one_are_refused(make, limit, value):
    with pytest.raises(PolicyError, match=f"DynamicRAGMiddleware: {limit}: expected a whole number from 1"):
        DynamicRAGMiddleware(make(two()), **{limit: value})


def test_it_needs_a_dynamicrag():
    with pytest.raises(PolicyError, match="rag is a str; give the object that DynamicRAG"):
        DynamicRAGMiddleware("policy.yaml")
