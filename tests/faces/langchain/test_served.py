"""Watched calls of a model on this host's server: metered by its process, else estimated with a reason."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from dynamicrag import DynamicRAG
from dynamicrag.faces.langchain import DynamicRAGMiddleware, RoutedChatModel
from dynamicrag.testing.server import ScriptedServer, said
from tests.cost.servers.burning import cpu_of
from tests.cost.servers.conftest import burning  # noqa: F401 - a fixture
from tests.faces.langchain.scripted import policy_of

ASKED = [HumanMessage("word " * 60)]


@pytest.fixture
def made():
    """Make objects whose model is on a server, by its address or by an object of the user."""
    objects = []

    def make(url, kind="spec"):
        policy = policy_of(["m-7b"])
        if kind == "spec":
            policy["models"]["m-7b"]["params"] = {"base_url": url, "api_key": "none", "max_tokens": 20}
            objects.append(DynamicRAG.from_policy(policy))
        else:
            own = ChatOpenAI(model="m-7b", base_url=url, api_key="none", max_tokens=20, streaming=True)
            objects.append(DynamicRAG.from_policy(policy, models={"m-7b": own}))
        return objects[-1]

    yield make
    for each in objects:
        each.close()


def call_of(rag, message):
    account = rag.explain(message.response_metadata["dynamicrag"]["query_id"]).account
    (line,) = [each for each in account if each["input_tokens"]]
    return line


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spec", "object"])
def test_a_routed_call_is_charged_the_server_s_cpu_time(burning, made, kind):  # noqa: F811
    server = burning()
    rag = made(server.url, kind)
    model = RoutedChatModel(rag=rag, streaming=True)
    before = server.cpu_seconds
    lines = [call_of(rag, model.invoke(ASKED)), call_of(rag, asyncio.run(model.ainvoke(ASKED)))]
    assert {line["cost"]["joules"]["kind"] for line in lines} == {"modelled"}
    assert not any("unmetered" in line for line in lines)
    assert sum(line["cpu_seconds"] for line in lines) == pytest.approx(server.cpu_seconds - before, rel=0.2)
    assert lines[-1]["cpu_seconds"] == pytest.approx(cpu_of(60, 20), rel=0.4)


@pytest.mark.slow
def test_an_agent_s_call_is_charged_the_server_s_cpu_time(burning, made, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    server = burning()
    rag = made(server.url, "object")
    agent = create_agent("openai:none", [], middleware=[DynamicRAGMiddleware(rag)])
    message = agent.invoke({"messages": ASKED})["messages"][-1]
    about = message.response_metadata["dynamicrag"]
    line = call_of(rag, message)
    assert line["cost"]["joules"]["kind"] == "modelled"
    assert about["cost"]["joules"]["value"] >= line["cost"]["joules"]["value"] > 0


def test_a_server_that_is_not_seen_says_why(made):
    server = ScriptedServer(lambda body: [*said("At ten."), "data: [DONE]"])
    rag = made(server.url, "object")
    line = call_of(rag, RoutedChatModel(rag=rag, streaming=True).invoke(ASKED))
    assert line["cost"]["joules"]["kind"] == "estimated"
    assert line["unmetered"] == "it computes in this program, whose meter counts it as idle"
    server.close()
