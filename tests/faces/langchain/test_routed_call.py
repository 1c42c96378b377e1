"""Calls outside an agent: whole and streamed, with their account and their end."""

import asyncio

import pytest
from langchain_core.messages import HumanMessage

from dynamicrag.cost import ledger as ledgers
from dynamicrag.errors import InputError
from dynamicrag.faces.langchain import watch
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.routed_call import Routing
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
