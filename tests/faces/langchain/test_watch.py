"""No call is free, whatever its tools and its class; an answer from a cache is."""

import logging

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from dynamicrag import RoutedChatModel
from dynamicrag.faces.langchain import watch
from dynamicrag.faces.langchain.prompt_size import PromptSize
from tests.faces.langchain.scripted import ToolChat, said
from tests.faces.langchain.test_middleware import about, agent_of, run

ASKED = {"messages": [HumanMessage("Hello?", id="1")]}
HOWS = pytest.mark.parametrize("how", ["sync", "async"])
WORST = 50
"""Largest reply in tokens."""


def says_hello(messages, kwargs):
    return said("hello", read=10, wrote=3)


def one(kind, script=says_hello):
    return {"gpt-4o": kind(named="gpt-4o", script=script, max_tokens=WORST)}


class NamesOnly(ToolChat):
    """Binds tools by their names alone."""

    def bind_tools(self, tools, *, tool_choice=None, **kwargs):
        return self.bind(tools=[getattr(each, "name", "f") for each in tools], **kwargs)


class Silent(ToolChat):
    """Makes its calls without LangChain's callbacks."""

    def invoke(self, input, config=None, **kwargs):  # noqa: A002
        return self._reply(input, {})

    async def ainvoke(self, input, config=None, **kwargs):  # noqa: A002
        return self._reply(input, {})


def booked(rag, query):
    return [line for line in rag.account(query).lines if line.spec]


@pytest.fixture
def warnings(caplog):
    watch._warned.clear()
    caplog.set_level(logging.WARNING, "dynamicrag")
    return lambda: [each for each in caplog.records if "fully watched" in each.getMessage()]


def limited(make, models):
    return make(models, objective={"budget": {"total": {"usd": 0.01}}})


@HOWS
def test_tools_of_an_unknown_form_are_booked(make, how):
    models = one(NamesOnly)
    rag = limited(make, models)
    out = run(agent_of(rag, models), how, ASKED)
    (line,) = booked(rag, about(out)["query_id"])
    assert (line.usage.input_tokens, line.usage.output_tokens) == (10, 3)
    assert rag.budget()["usd"]["spent"] == pytest.approx(10 * 2.5e-6 + 3 * 10e-6)


@pytest.mark.parametrize("tool", ["f", object(), {"function": "f"}, ["f"], {("a", 1): "b"}])
def test_every_tool_has_a_size(tool):
    assert PromptSize.of([HumanMessage("hi")], [tool]).bytes > 2


@HOWS
def test_a_call_without_callbacks_is_booked_at_its_worst_case(make, how, warnings):
    models = one(Silent)
    rag = limited(make, models)
    agent = agent_of(rag, models, ())
    queries = [about(run(agent, how, ASKED))["query_id"] for _ in range(2)]
    for query in queries:
        (line,) = booked(rag, query)
        assert (line.usage.output_tokens, line.usage.assumed) == (WORST, True)
    state = rag.budget()["usd"]
    assert 0 < state["spent"] == pytest.approx(sum(rag.cost(query)["usd"] for query in queries))
    assert len(warnings()) == 1


class Wraps(ToolChat):
    """Passes its calls on to another model."""

    inner: BaseChatModel
    times: int = 1

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        for _ in range(self.times):
            message = self.inner.invoke(messages)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        for _ in range(self.times):
            message = await self.inner.ainvoke(messages)
        return ChatResult(generations=[ChatGeneration(message=message)])


@HOWS
@pytest.mark.parametrize("times", [1, 3])
def test_a_call_that_a_model_passes_on_is_booked_once(make, how, times):
    inner = ToolChat(named="gpt-4o", script=says_hello)
    models = {"gpt-4o": Wraps(named="gpt-4o", script=says_hello, inner=inner, times=times, max_tokens=WORST)}
    rag = limited(make, models)
    query = about(run(agent_of(rag, models, ()), how, ASKED))["query_id"]
    used = [(line.usage.calls, line.usage.input_tokens) for line in booked(rag, query)]
    assert sorted(used) == [(0, 0), *[(1, 10)] * times]
    assert rag.budget()["usd"]["spent"] == pytest.approx(times * (10 * 2.5e-6 + 3 * 10e-6))


@HOWS
@pytest.mark.parametrize("broken", ["callee_of", "PromptSize"])
def test_a_failure_of_the_watch_leaves_no_call_unbooked(make, how, broken, warnings, monkeypatch):
    def fails(*_):
        raise ValueError("odd")

    models = one(ToolChat)
    rag = limited(make, models)
    if broken == "callee_of":
        monkeypatch.setattr(watch, "callee_of", fails)
    else:
        monkeypatch.setattr(watch, "PromptSize", type("Broken", (), {"of": staticmethod(fails)}))
    out = run(agent_of(rag, models, ()), how, ASKED)
    (line,) = booked(rag, about(out)["query_id"])
    assert (line.usage.input_tokens, line.usage.output_tokens) == (10, 3)
    assert 0 < rag.budget()["usd"]["spent"] == pytest.approx(rag.cost(about(out)["query_id"])["usd"])
    assert len(warnings()) == 1


@pytest.fixture
def cache():
    set_llm_cache(InMemoryCache())
    yield
    set_llm_cache(None)


@HOWS
@pytest.mark.parametrize("face", ["agent", "model"])
def test_an_answer_from_langchains_cache_costs_nothing(make, how, face, cache):
    models = one(ToolChat)
    rag = limited(make, models)
    agent, model = agent_of(rag, models, ()), RoutedChatModel(rag=rag)

    def ask():
        if face == "agent":
            return about(run(agent, how, ASKED))["query_id"]
        return run(model, how, ASKED["messages"]).response_metadata["dynamicrag"]["query_id"]

    first, second = ask(), ask()
    assert len(models["gpt-4o"].given) == 1
    assert rag.cost(first)["usd"] > 0
    assert rag.cost(second)["usd"] == 0
    assert [line.usage.calls for line in booked(rag, second)] == [0]
    assert rag.budget()["usd"]["spent"] == pytest.approx(rag.cost(first)["usd"])
