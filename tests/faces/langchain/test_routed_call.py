"""Calls outside an agent: whole and streamed, with their account and their end."""

import asyncio
import time

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field

from dynamicrag.cost import ledger as ledgers
from dynamicrag.errors import BudgetExceeded, InputError
from dynamicrag.faces.langchain import watch
from dynamicrag.faces.langchain.prompt_size import (
    IMAGE_TOKENS,
    MOST_CLAUDE_IMAGE_TOKENS,
    MOST_IMAGE_TOKENS,
)
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.routed_call import Routing
from dynamicrag.faces.langchain.tries import Tries
from tests.faces.langchain.scripted import StreamChat, said
from tests.faces.langchain.test_beside import FIXED, Down
from tests.faces.langchain.test_middleware import add, two

HUMAN = [HumanMessage("What is 1 + 2?")]


def models_of(fails=()):
    models = two(lambda *_: said("one two three", read=20, wrote=3), StreamChat)
    for name in fails:
        models[name].script = lambda *_: Down("no")
    return models


def text_of(chunks):
    return "".join(chunk.text for chunk in chunks)


def ask(rag, how):
    """Return the text of a call, and its task."""
    task, request = Routing(rag).task(HUMAN), Request(HUMAN)

    async def streamed():
        return [chunk async for chunk in task.astream(request, lambda model: model.astream(HUMAN))]

    if how == "call":
        found = task.call(request, lambda model: model.invoke(HUMAN)).text
    elif how == "acall":
        found = asyncio.run(task.acall(request, lambda model: model.ainvoke(HUMAN))).text
    elif how == "stream":
        found = text_of(task.stream(request, lambda model: model.stream(HUMAN)))
    else:
        found = text_of(asyncio.run(streamed()))
    return found, task


HOWS = pytest.mark.parametrize("how", ["call", "acall", "stream", "astream"])


@HOWS
def test_a_call_is_booked_once(make, how):
    rag = make(models_of(), objective={"budget": {"total": {"usd": 1.0}}})
    text, task = ask(rag, how)
    assert text.strip() == "one two three"
    lines = [line for line in rag.account(task.query_id).lines if line.spec]
    assert [(line.usage.input_tokens, line.usage.output_tokens) for line in lines] == [(20, 3)]
    assert rag.budget()["usd"]["spent"] == pytest.approx(rag.cost(task.query_id)["usd"])
    assert rag.budget()["usd"]["set_aside"] == pytest.approx(0.0, abs=1e-12)
    assert task.about()["cost"]["tokens"]["value"] == 23
    assert watch._watch.get() is None
    assert ledgers._run.get() is None


@HOWS
def test_another_model_takes_over(make, how):
    rag = make(models_of(["gpt-4o-mini"]), stages=FIXED)
    text, task = ask(rag, how)
    assert text.strip() == "one two three"
    assert task.about()["model"] == "gpt-4o"
    assert [each["router"] for each in task.decisions] == ["fixed", "fallback"]


@pytest.mark.parametrize("how", ["stream", "astream"])
def test_a_stream_that_is_left_early_is_booked_and_leaves_no_reservation(make, how):
    rag = make(models_of(), objective={"budget": {"total": {"usd": 1.0}}})
    task = Routing(rag).task(HUMAN)
    request = Request(HUMAN)

    async def left():
        stream = task.astream(request, lambda model: model.astream(HUMAN))
        await anext(stream)
        await stream.aclose()

    if how == "astream":
        asyncio.run(left())
    else:
        stream = task.stream(request, lambda model: model.stream(HUMAN))
        next(stream)
        stream.close()
    state = rag.budget()["usd"]
    assert state["set_aside"] == pytest.approx(0.0, abs=1e-12)
    assert state["spent"] > 0


class Long(StreamChat):
    """Streams for a second, a word every 20 ms, and notes the end of the stream."""

    seconds: float = 0.02
    ended: list[str] = Field(default_factory=list)

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        try:
            for _ in range(50):
                await asyncio.sleep(self.seconds)
                yield ChatGenerationChunk(message=AIMessageChunk("word "))
        finally:
            self.ended.append("async")

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        try:
            for _ in range(50):
                time.sleep(self.seconds)
                yield ChatGenerationChunk(message=AIMessageChunk("word "))
        finally:
            self.ended.append("sync")


@pytest.mark.parametrize("how", ["stream", "astream"])
def test_a_limit_in_seconds_ends_a_stream(make, how):
    models = {"gpt-4o": Long(named="gpt-4o", script=lambda *_: said(""))}
    rag = make(models, objective={"budget": {"per_query": {"seconds": 0.2}, "total": {"usd": 1.0}}})
    with pytest.raises(BudgetExceeded, match=r"per_query.seconds: model gpt-4o had no answer"):
        ask(rag, how)
    assert rag.budget()["usd"]["set_aside"] == pytest.approx(0.0, abs=1e-12)
    assert models["gpt-4o"].ended


@HOWS
def test_a_timeout_of_the_model_is_no_lack_of_budget(make, how):
    models = models_of()
    models["gpt-4o-mini"].script = lambda *_: TimeoutError("the read timed out")
    rag = make(models, stages=FIXED, objective={"budget": {"per_query": {"seconds": 100.0}}})
    assert ask(rag, how)[1].about()["model"] == "gpt-4o"


def test_a_stream_that_is_left_stops_at_its_model(make):
    models = {"gpt-4o": Long(named="gpt-4o", script=lambda *_: said(""))}
    task = Routing(make(models)).task(HUMAN)

    async def left():
        stream = task.astream(Request(HUMAN), lambda model: model.astream(HUMAN))
        await anext(stream)
        await stream.aclose()
        return list(models["gpt-4o"].ended)

    assert asyncio.run(left()) == ["async"]


def test_a_stream_that_is_cancelled_as_its_call_begins_leaves_no_reservation(make, monkeypatch):
    rag = make(models_of(), objective={"budget": {"total": {"usd": 1.0}}})
    task, begin = Routing(rag).task(HUMAN), Tries.begin

    async def consume():
        async for _ in task.astream(Request(HUMAN), lambda model: model.astream(HUMAN)):
            pytest.fail("it was cancelled")

    async def cancelled():
        async def begun(tries):
            made = await begin(tries)
            asyncio.get_running_loop().call_soon(consumer.cancel)  # before the consumer has it
            return made

        monkeypatch.setattr(Tries, "begin", begun)
        consumer = asyncio.create_task(consume())
        await asyncio.wait([consumer])
        return consumer.cancelled()

    assert asyncio.run(cancelled())
    state = rag.budget()["usd"]
    assert (state["set_aside"], state["spent"]) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_a_finished_task_is_stored(make):
    rag = make(models_of())
    _, task = ask(rag, "call")
    task.finish(said("one two three"))
    rag.flush()
    assert rag.pipeline.log.query(task.query_id).path == task.turn["path"]
    assert rag.pipeline.bookkeeper.kept(task.query_id)["tokens"] == {"input": 20, "output": 3}


def test_a_call_needs_a_human_message(make):
    with pytest.raises(InputError, match="no human message"):
        Routing(make(models_of())).task([said("hello")])


def test_tools_count_in_the_bound(make):
    bare, tooled = Request(HUMAN).size, Request(HUMAN, [add]).size
    assert tooled.tokens > bare.tokens
    assert tooled.most > bare.most + 1000
    rag = make(two())
    model = rag.pipeline.models["gpt-4o"]
    assert asyncio.run(bare.bound(model)) <= bare.most
    assert asyncio.run(tooled.bound(model)) >= tooled.tokens


DATA = "data:image/png;base64," + 1_000_000 * "A"
IMAGES = [
    {"type": "image_url", "image_url": {"url": DATA}},
    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    {"type": "image", "base64": DATA, "mime_type": "image/png"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
    {"type": "input_image", "image_url": DATA},
    {"type": "media", "mime_type": "image/png", "data": DATA},
    {"image": {"format": "png", "source": {"bytes": DATA.encode()}}},
]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_counts_by_what_a_provider_charges_at_most(make, image):
    bare, shown = Request([HumanMessage(["Who?"])]).size, Request([HumanMessage(["Who?", image])]).size
    assert shown.tokens - bare.tokens == IMAGE_TOKENS
    assert shown.most - bare.most == MOST_IMAGE_TOKENS
    model = make(two()).pipeline.models["gpt-4o"]
    assert asyncio.run(shown.bound(model)) - asyncio.run(bare.bound(model)) == MOST_IMAGE_TOKENS
    model.spec = "bedrock:us.anthropic.claude-opus-5"
    assert asyncio.run(shown.bound(model)) - asyncio.run(bare.bound(model)) == MOST_CLAUDE_IMAGE_TOKENS


@pytest.mark.parametrize("part", [*IMAGES, {"type": "file", "base64": DATA, "mime_type": "audio/mp3"}])
def test_a_report_of_few_tokens_for_an_image_or_a_file_is_credible(make, part):
    models = two(lambda *_: said("a cat", read=1_100, wrote=3))
    request = Request([HumanMessage(["Who?", part])])
    task = Routing(make(models)).task(request.messages)
    task.call(request, lambda model: model.invoke(request.messages))
    (line,) = [each for each in task.lines if each.usage.calls]
    assert (line.usage.input_tokens, line.usage.assumed) == (1_100, False)
