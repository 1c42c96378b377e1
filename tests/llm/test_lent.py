"""Lent clients run on the portal's loop, and are of the user's class otherwise."""

import asyncio
import threading

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from dynamicrag.llm.foreign import adapt_model
from dynamicrag.llm.lent import bridged, lent
from dynamicrag.testing import ScriptedToolChat, says


def chat(threads=None, **more):
    def script(messages, kwargs):
        if threads is not None:
            threads.append(threading.current_thread().name)
        return says("hello")

    return ScriptedToolChat(named="gpt-4o", script=script, **more)


def test_asynchronous_calls_run_on_the_portals_loop():
    threads = []
    client = lent(chat(threads))
    assert asyncio.run(client.ainvoke("hi")).text == "hello"
    assert asyncio.run(client.bind_tools([]).ainvoke("hi")).text == "hello"
    assert client.invoke("hi").text == "hello"
    assert threads == ["dynamicrag", "dynamicrag", "MainThread"]


def test_its_class_stays():
    client = lent(lent(chat()))
    assert isinstance(client, ScriptedToolChat)
    assert type(client).__name__ == "ScriptedToolChat"
    assert client.get_name() == "ScriptedToolChat"


def test_callbacks_hear_it():
    heard = []

    class Hear(BaseCallbackHandler):
        def on_llm_end(self, response, **kwargs):
            heard.append(response.generations[0][0].text)

    asyncio.run(lent(chat()).ainvoke("hi", {"callbacks": [Hear()]}))
    assert heard == ["hello"]


def test_the_limit_is_the_callers_or_the_users_own():
    model = adapt_model("m", chat(max_tokens=9), "models.m", {}, None)
    assert model.own_limit == 9
    assert model.lend().max_tokens == 9
    assert model.lend(5).max_tokens == 5
    assert model.lend(5) is model.lend(5)


async def numbers(stopped):
    try:
        for number in range(1000):
            await asyncio.sleep(0)
            yield number
    finally:
        stopped.append(True)


def test_a_bridged_stream_stops_if_its_reader_leaves():
    stopped = []

    async def read():
        stream = bridged(numbers(stopped))
        found = [await anext(stream), await anext(stream)]
        await stream.aclose()
        return found

    assert asyncio.run(read()) == [0, 1]


def test_a_bridged_stream_raises_as_its_source_does():
    async def breaks():
        yield 1
        raise ValueError("broken")

    async def read():
        return [each async for each in bridged(breaks())]

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(read())


def test_a_bridged_stream_ends_if_its_source_is_cancelled():
    async def breaks():
        yield 1
        raise asyncio.CancelledError

    async def read():
        async with asyncio.timeout(5):
            return [each async for each in bridged(breaks())]

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(read())
