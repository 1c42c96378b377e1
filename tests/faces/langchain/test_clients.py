"""Lent clients against a server: sync, streamed, and under a fresh event loop for each run."""

import asyncio
import json

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI

from dynamicrag import DynamicRAG, ProviderError
from dynamicrag.faces.langchain import DynamicRAGMiddleware
from dynamicrag.testing.server import Refusal, ScriptedServer, delta, said, used
from tests.faces.langchain.scripted import policy_of
from tests.faces.langchain.test_middleware import ASKED, about, add


class OpenAIServer(ScriptedServer):
    """Answers streamed and whole requests with a tool call first, then with a text."""

    def __init__(self):
        super().__init__(self.answer)
        self.refused = None

    def answer(self, body):
        if self.refused in body:
            raise Refusal(400, {"error": {"message": f"Unknown parameter: '{self.refused}'."}})
        first = body["messages"][-1]["role"] == "user"
        call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}
        if body.get("stream"):
            if not first:
                return [*said("It is 3."), "data: [DONE]"]
            made = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **call}]}
            return [delta(delta=made), delta(finish="tool_calls"), used(), "data: [DONE]"]
        message = {"role": "assistant", "content": None if first else "It is 3."}
        if first:
            message["tool_calls"] = [call]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if first else "stop"}
        usage = {"prompt_tokens": 60, "completion_tokens": 5, "total_tokens": 65}
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"],
                 "choices": [choice], "usage": usage}  # fmt: skip
        return [json.dumps(whole)]


@pytest.fixture
def server(monkeypatch):
    server = OpenAIServer()
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    yield server
    server.close()


@pytest.fixture(params=["spec", "object"])
def rag(server, request):
    policy = policy_of(["gpt-4o-mini"])
    if request.param == "spec":
        policy["models"]["gpt-4o-mini"]["params"] = {"base_url": server.url}
        made = DynamicRAG.from_policy(policy)
    else:
        own = ChatOpenAI(model="gpt-4o-mini", base_url=server.url, api_key="none", temperature=0.3)
        made = DynamicRAG.from_policy(policy, models={"gpt-4o-mini": own})
    yield made
    made.close()


@pytest.fixture
def agent(rag, server):
    unused = ChatOpenAI(model="never", base_url=server.url, api_key="none")
    return create_agent(unused, [add], middleware=[DynamicRAGMiddleware(rag)])


def test_two_event_loops_in_a_row(agent, rag):
    for _ in range(2):
        out = asyncio.run(agent.ainvoke(ASKED))
        assert out["messages"][-1].text == "It is 3."
    tokens = [line.usage.input_tokens for line in rag.account(about(out)["query_id"]).lines if line.spec]
    assert tokens == [60, 60]


def test_sync_between_loops(agent, server):
    assert asyncio.run(agent.ainvoke(ASKED))["messages"][-1].text == "It is 3."
    assert agent.invoke(ASKED)["messages"][-1].text == "It is 3."
    assert asyncio.run(agent.ainvoke(ASKED))["messages"][-1].text == "It is 3."
    assert {body["model"] for body in server.requests} == {"gpt-4o-mini"}
    assert all(body["tools"][0]["function"]["name"] == "add" for body in server.requests)
    assert not any("logprobs" in body and body["logprobs"] for body in server.requests)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_tokens_stream_from_a_server(agent, rag, how):
    async def stream():
        return [each async for each, _ in agent.astream(ASKED, stream_mode="messages")]

    for _ in range(2):
        found = (
            [each for each, _ in agent.stream(ASKED, stream_mode="messages")]
            if how == "sync"
            else asyncio.run(stream())
        )
        pieces = [each.text for each in found if isinstance(each, AIMessageChunk) and each.text]
        assert pieces == ["It ", "is ", "3."]
    lines = [
        line for query in rag.pipeline.ledger._accounts for line in rag.account(query).lines if line.spec
    ]
    assert [(line.usage.input_tokens, line.usage.output_tokens) for line in lines] == [(10, 5)] * 4


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_refused_parameter_is_not_sent_again(agent, rag, server, how):
    server.refused = "stream_options"

    async def stream():
        return [each async for each in agent.astream(ASKED, stream_mode=["messages", "values"])]

    for _ in range(2):
        found = (
            list(agent.stream(ASKED, stream_mode=["messages", "values"]))
            if how == "sync"
            else asyncio.run(stream())
        )
        assert found[-1][1]["messages"][-1].text == "It is 3."
    assert ["stream_options" in body for body in server.requests] == [True, False, False, False, False]
    assert not rag.pipeline.models["gpt-4o-mini"].outage.rests
    server.refused = "tools"
    with pytest.raises(ProviderError, match="Unknown parameter: 'tools'"):
        agent.invoke(ASKED)
    assert len(server.requests) == 6


@pytest.mark.parametrize("own", [None, False, True])
def test_a_streamed_call_of_an_own_client_is_booked_by_its_usage(server, own):
    given = ChatOpenAI(model="gpt-4o-mini", base_url=server.url, api_key="none", stream_usage=own)
    made = DynamicRAG.from_policy(policy_of(["gpt-4o-mini"]), models={"gpt-4o-mini": given})
    assert made.pipeline.models["gpt-4o-mini"].lend().stream_usage is (own is not False)
    assert given.stream_usage is own, "the user's object stays as it is"
    made.close()
