"""An agent with two tools and structured output, on a server that acts as OpenAI's with a prompt cache."""

import asyncio
import json
import os

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, SummarizationMiddleware
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from dynamicrag import DynamicRAG, DynamicRAGMiddleware
from dynamicrag.testing.server import Refusal, ScriptedServer
from tests.faces.langchain.scripted import policy_of

RULES = (
    "Look up prices and calculate with the tools. " + "State every price in euros and name the place. " * 120
)
ASKED = {"messages": [("user", "What do four people pay at the lighthouse?")]}


class Offer(BaseModel):
    """The price for a group."""

    place: str
    total: float


def ticket_price(place: str) -> float:
    """Return the price of one ticket for a place, in euros."""
    return 6.5


def multiply(a: float, b: float) -> float:
    """Multiply two numbers."""
    return a * b


class CachingServer(ScriptedServer):
    """Counts a token per four letters, and caches prefixes of 1,024 tokens and more, in steps of 128."""

    def __init__(self, down=()):
        super().__init__(self.answer)
        self.down = down
        self.before = {}

    def answer(self, body):
        model = body["model"]
        if model in self.down:
            raise Refusal(503, {"error": {"message": "overloaded"}})
        prompt = json.dumps(body.get("tools", [])) + json.dumps(body["messages"])
        shared = len(os.path.commonprefix([self.before.get(model, ""), prompt])) // 4  # noqa: RUF071 - letters
        self.before[model] = prompt
        text, call = self.step(body)
        message = {"role": "assistant", "content": text}
        if call:
            made = {"name": call[0], "arguments": json.dumps(call[1])}
            message["tool_calls"] = [{"id": f"c{len(self.requests)}", "type": "function", "function": made}]
        read, wrote, cached = len(prompt) // 4, 25, shared // 128 * 128 if shared >= 1024 else 0
        usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote,
                 "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
        return [json.dumps({**whole, "usage": usage})]

    @staticmethod
    def step(body):
        said = str(body["messages"])
        if "tools" not in body:
            return "Four people, lighthouse, 6.5 euros each.", None
        if "6.5" not in said:
            return None, ("ticket_price", {"place": "lighthouse"})
        if "26.0" not in said:
            return None, ("multiply", {"a": 6.5, "b": 4})
        return json.dumps({"place": "lighthouse", "total": 26.0}), None


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    made = []

    def go(beside=lambda url: [], down=(), **changes):
        server = CachingServer(down)
        policy = policy_of(["gpt-4o-mini", "gpt-4o"], objective={"weights": {"usd": 20}}, **changes)
        for model in policy["models"].values():
            model["params"] = {"base_url": server.url}
        rag = DynamicRAG.from_policy(policy)
        made.extend([server, rag])
        agent = create_agent(
            ChatOpenAI(model="unused", base_url=server.url), [ticket_price, multiply], system_prompt=RULES,
            response_format=Offer, middleware=[DynamicRAGMiddleware(rag), *beside(server.url)],
        )  # fmt: skip
        out = asyncio.run(agent.ainvoke(ASKED))
        assert out["structured_response"] == Offer(place="lighthouse", total=26.0)
        lines = [line for line in rag.account(out["rag"]["report"]["query_id"]).lines if line.spec]
        return server, out, lines

    yield go
    for each in reversed(made):
        each.close()


def test_one_model_answers_all_calls_and_its_cache_is_used(run):
    server, out, lines = run()
    assert [body["model"] for body in server.requests] == ["gpt-4o-mini"] * 3
    assert lines[0].usage.cached_tokens == 0
    assert all(each.usage.cached_tokens >= 1024 for each in lines[1:])
    used = [each.usage for each in lines]
    computed = sum(each.input_tokens - each.cached_tokens for each in used) * 0.15e-6
    cached = sum(each.cached_tokens for each in used) * 0.075e-6
    usd = computed + cached + sum(each.output_tokens for each in used) * 0.6e-6
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(usd)


def test_beside_a_fallback_both_models_are_booked(run):
    def beside(url):
        return [ModelFallbackMiddleware(ChatOpenAI(model="gpt-4.1-mini", base_url=url, max_retries=0))]

    server, _, lines = run(beside, down=["gpt-4o-mini"])
    assert [body["model"] for body in server.requests] == ["gpt-4o-mini", "gpt-4.1-mini", "gpt-4o", "gpt-4o"]
    assert [(each.label, each.failed) for each in lines] == [
        ("gpt-4o-mini", True), ("openai:gpt-4.1-mini", False), ("gpt-4o", False), ("gpt-4o", False),
    ]  # fmt: skip


def test_an_outage_moves_the_task_once(run):
    server, out, _ = run(down=["gpt-4o-mini"])
    assert [body["model"] for body in server.requests] == ["gpt-4o-mini", "gpt-4o", "gpt-4o", "gpt-4o"]
    assert [each["router"] for each in out["rag"]["decisions"]] == ["prior", "fallback", "kept", "kept"]


def test_beside_summarisation_the_model_stays(run):
    def beside(url):
        summariser = ChatOpenAI(model="gpt-4.1-nano", base_url=url)
        return [SummarizationMiddleware(model=summariser, trigger=("messages", 4), keep=("messages", 2))]

    server, _, lines = run(beside)
    assert [body["model"] for body in server.requests] == [
        "gpt-4o-mini", "gpt-4o-mini", "gpt-4.1-nano", "gpt-4o-mini",
    ]  # fmt: skip
    assert [each.label for each in lines] == ["gpt-4o-mini"] * 3
