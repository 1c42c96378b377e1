"""Models of a server on this host: metered where its process is seen, else estimated with a reason."""

import asyncio
import logging

import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

from dynamicrag import DynamicRAG
from dynamicrag.errors import ModelError
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.foreign import adapt_model
from dynamicrag.testing import FakeRetriever, ScriptedServer
from dynamicrag.testing.server import said
from tests.cost.servers.burning import cpu_of
from tests.cost.servers.conftest import burning  # noqa: F401 - a fixture

QUESTION = [HumanMessage("word " * 60)]


def model_at(url, **more):
    return chat_model("m", "openai:m", base_url=url, api_key="none", **more)


@pytest.mark.slow
def test_calls_are_charged_the_server_s_cpu_time(burning):  # noqa: F811
    server = burning()
    given = ChatOpenAI(model="m", base_url=server.url, api_key="none")
    for model in (model_at(server.url), adapt_model("m", given, "models.m", {}, None)):
        assert (model.runs, str(model.address)) == ("same_host", server.url[7:-3])
        before = server.cpu_seconds
        done = [asyncio.run(model.complete(QUESTION, max_tokens=20)) for _ in range(3)]
        charged = [each.usage.server_cpu_seconds for each in done]
        assert sum(charged) == pytest.approx(server.cpu_seconds - before, rel=0.15)
        assert charged[-1] == pytest.approx(cpu_of(60, 20), rel=0.3)


@pytest.mark.slow
def test_a_call_that_is_cancelled_is_closed(burning):  # noqa: F811
    server = burning()
    model = model_at(server.url)

    async def cancelled():
        task = asyncio.create_task(model.complete(QUESTION, max_tokens=200))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await model.complete(QUESTION, max_tokens=20)

    assert asyncio.run(cancelled()).usage.server_cpu_seconds > 0


@pytest.fixture
def own():
    """A server in this process, which the process's own meter sees."""
    server = ScriptedServer(lambda body: said("At ten."))
    yield server
    server.close()


@pytest.mark.slow
def test_a_server_that_is_not_seen_says_why_once(own, caplog):
    model = model_at(own.url)
    rag = DynamicRAG.from_policy(
        {"version": 1, "models": {"m": {}}},
        models={"m": model},
        retrievers={"kb": FakeRetriever(["At ten."])},
    )
    app = rag.build_graph().compile()
    with caplog.at_level(logging.WARNING, "dynamicrag.cost.servers"):
        for _ in range(2):
            report = app.invoke({"messages": [("user", "When does it open?")]})["rag"]["report"]
    (line,) = [each for each in rag.explain(report["query_id"]).account if each["input_tokens"]]
    assert line["cost"]["joules"]["kind"] == "estimated"
    assert line["unmetered"] == "it computes in this program, whose meter counts it as idle"
    warned = [record.message for record in caplog.records]
    assert warned == [
        f"model server {model.address} is not metered, its energy is estimated: {line['unmetered']}"
    ]
    rag.close()


def test_without_a_server_the_call_fails_as_before(own):
    model = model_at(own.url, max_retries=0)
    own.close()
    with pytest.raises(ModelError):
        asyncio.run(model.complete(QUESTION, max_tokens=5))
