"""A lent client of a model in this process holds a slot, and says its CPU time."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from dynamicrag.llm.lent import lent
from dynamicrag.llm.local_lent import CPU_SECONDS, local_lent
from dynamicrag.testing import ScriptedToolChat, says


class Chat(ScriptedToolChat):
    """Reports timings as llama.cpp does."""

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        message = AIMessage("hello", response_metadata={"timings": {"prompt_n": 3}})
        return ChatResult(generations=[ChatGeneration(message=message)])


class Streams(Chat):
    """Streams."""

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        yield ChatGenerationChunk(message=AIMessageChunk("hel"))
        last = AIMessageChunk("lo", response_metadata={"timings": {"prompt_n": 3}})
        yield ChatGenerationChunk(message=last)


@pytest.fixture
def server():
    held = []

    @asynccontextmanager
    async def slot(prompt):
        assert prompt == "hi"
        held.append("in")
        try:
            yield "span"
        finally:
            held.append("out")

    account = SimpleNamespace(charge=lambda span, timings: timings["prompt_n"] / 2)
    return SimpleNamespace(slot=slot, account=account, held=held)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_whole_answer(server, how):
    client = lent(local_lent(Chat, server)(named="m", script=lambda *_: says("")))
    message = client.invoke("hi") if how == "sync" else asyncio.run(client.ainvoke("hi"))
    assert (message.text, message.response_metadata[CPU_SECONDS]) == ("hello", 1.5)
    assert server.held == ["in", "out"]


@pytest.mark.parametrize("how", ["sync", "async", "sync in a loop"])
def test_a_streamed_answer(server, how):
    client = lent(local_lent(Streams, server)(named="m", script=lambda *_: says("")))

    async def read():
        if how == "async":
            return [chunk async for chunk in client.astream("hi")]
        return [*client.stream("hi")]

    chunks = [*client.stream("hi")] if how == "sync" else asyncio.run(read())
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert (whole.text, whole.response_metadata[CPU_SECONDS]) == ("hello", 1.5)
    assert server.held == ["in", "out"]


def test_a_stream_that_is_left_gives_its_slot_back(server):
    stream = lent(local_lent(Streams, server)(named="m", script=lambda *_: says(""))).stream("hi")
    next(stream)
    stream.close()
    assert server.held == ["in", "out"]
