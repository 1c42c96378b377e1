"""LlamaIndex LLMs as models of routed calls outside the graph."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.outputs import ChatResult
from llama_index.core.llms import MockLLM

from dynamicrag import DynamicRAG, DynamicRAGMiddleware, PolicyError, ProviderError, RoutedChatModel

POLICY = {
    "version": 1,
    "models": {"m": {}},
    "stages": {"retrieval": {"options": ["none"]}, "generator": {"options": ["m"]}},
}
AGENT = {"messages": [("user", "hi")]}


def made(model):
    return DynamicRAG.from_policy(POLICY, models={"m": model})


def agent(rag):
    return create_agent(FakeListChatModel(responses=["-"]), [], middleware=[DynamicRAGMiddleware(rag)])


async def streamed(model):
    return "".join([chunk.text async for chunk in model.astream("hi")])


WAYS = {
    "invoke": lambda rag: RoutedChatModel(rag=rag).invoke("hi").text,
    "ainvoke": lambda rag: asyncio.run(RoutedChatModel(rag=rag).ainvoke("hi")).text,
    "stream": lambda rag: "".join(chunk.text for chunk in RoutedChatModel(rag=rag).stream("hi")),
    "astream": lambda rag: asyncio.run(streamed(RoutedChatModel(rag=rag))),
    "agent": lambda rag: agent(rag).invoke(AGENT)["messages"][-1].text,
    "async agent": lambda rag: asyncio.run(agent(rag).ainvoke(AGENT))["messages"][-1].text,
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_call_works(way):
    assert WAYS[way](made(MockLLM(max_tokens=3))) == "text text text"


@pytest.mark.slow
def test_the_limit_of_a_call_applies():
    model = RoutedChatModel(rag=made(MockLLM(max_tokens=50)), max_tokens=2)
    assert "".join(each.text for each in model.stream("hi")) == "text text"
    assert model.invoke("hi").text == "text text"


def test_the_refusal_of_tools_names_the_remedy():
    with pytest.raises(PolicyError, match=r"m \(mock:MockLLM\).*LlamaIndex LLM counts as one without tools"):
        RoutedChatModel(rag=made(MockLLM())).bind_tools([{"name": "t", "parameters": {}}]).invoke("hi")


class Unfinished(BaseChatModel):
    @property
    def _llm_type(self):
        return "unfinished"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs) -> ChatResult:
        raise NotImplementedError("to do")


def test_a_mistake_in_code_puts_no_model_in_cooldown():
    rag = made(Unfinished())
    for _ in range(2):
        with pytest.raises(ProviderError, match=r"the call failed \[NotImplementedError: to do\]"):
            RoutedChatModel(rag=rag).invoke("hi")
    assert not rag.pipeline.models["m"].outage.rests
