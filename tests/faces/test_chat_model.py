"""The routed chat model: its choice, its account, and its runs as LangChain sees them."""

import asyncio
import time
from functools import reduce
from operator import add as add_up

import pytest
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, SystemMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from pydantic import BaseModel, ValidationError

from dynamicrag import BudgetExceeded, InputError, PolicyError, ProviderError, RoutedChatModel
from dynamicrag.testing import FakeRetriever, ScriptedChat

LARGE = {"configurable": {"rag": {"options": {"generator": "large"}, "user": "anna"}}}
ROUTED = {"generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}}}


@pytest.fixture
def rag(make):
    make.scripts |= {"small": lambda kind, text: "Small talk here", "large": lambda kind, text: "Grand words"}
    return make()


def facts(message):
    return message.response_metadata["dynamicrag"]


async def reply(model, how, *given):
    """Return the whole reply by one of four ways."""
    if how == "invoke":
        return model.invoke(*given)
    if how == "ainvoke":
        return await model.ainvoke(*given)
    chunks = list(model.stream(*given)) if how == "stream" else [one async for one in model.astream(*given)]
    return reduce(add_up, chunks)


def broken(kind, text):
    raise ConnectionError("the line broke")


WAYS = ["invoke", "ainvoke", "stream", "astream"]


@pytest.mark.parametrize("how", WAYS)
async def test_a_reply_has_its_choice_its_usage_and_its_cost(make, rag, how):
    message = await reply(RoutedChatModel(rag=rag), how, "Hello")
    about = facts(message)
    assert message.text == "Small talk here"
    assert message.usage_metadata["input_tokens"] == 10
    assert message.usage_metadata["output_tokens"] == 3
    assert (about["model"], about["path"], about["reason"]) == ("small", {"generator": "small"}, "fixed")
    assert message.response_metadata["model_name"] == "small"
    assert about["cost"]["tokens"]["value"] == 13
    (decision,) = rag.decisions(about["query_id"])
    assert decision["chosen"] == "small"
    assert [line["call"] for line in rag.explain(about["query_id"]).account][-1] == "small"
    assert len(make.models["small"].calls) == 1


@pytest.mark.parametrize("how", ["stream", "astream"])
async def test_the_facts_are_on_the_last_chunk_alone(rag, how):
    model = RoutedChatModel(rag=rag)
    chunks = (
        list(model.stream("Hi", LARGE)) if how == "stream" else [c async for c in model.astream("Hi", LARGE)]
    )
    assert len(chunks) > (how == "astream")  # the scripted model streams asynchronously alone
    assert ["dynamicrag" in chunk.response_metadata for chunk in chunks].count(True) == 1
    assert facts(chunks[-1])["model"] == "large"
    assert chunks[-1].chunk_position == "last"
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("how", WAYS)
async def test_the_options_of_the_call_apply(rag, how):
    model = RoutedChatModel(rag=rag)
    assert facts(await reply(model, how, "Hi", LARGE))["model"] == "large"
    chain = ChatPromptTemplate.from_template("{question}") | model
    assert facts(await reply(chain, how, {"question": "Hi"}, LARGE))["model"] == "large"
    assert facts(await reply(model.with_config(LARGE), how, "Hi"))["model"] == "large"
    with pytest.raises(InputError, match="unknown key 'optoins'"):
        await reply(model, how, "Hi", {"configurable": {"rag": {"optoins": {}}}})


async def test_a_model_is_forced_by_its_option(rag):
    model = RoutedChatModel(rag=rag)
    assert facts(model.invoke("Hi", model="large"))["reason"] == "as the call asks"
    assert facts(await model.bind(model="medium").ainvoke("Hi"))["model"] == "medium"
    with pytest.raises(InputError, match="unknown option 'huge'"):
        model.invoke("Hi", model="huge")


def test_options_of_a_graphs_context_apply(rag):
    def answer(state):
        return {"messages": [RoutedChatModel(rag=rag).invoke(state["messages"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    app = builder.compile()
    state = app.invoke({"messages": [("user", "Hi")]}, context={"rag": {"options": {"generator": "large"}}})
    assert facts(state["messages"][-1])["model"] == "large"
    shown = [message for message, _ in app.stream({"messages": [("user", "Hi")]}, stream_mode="messages")]
    assert "".join(message.text for message in shown) == "Small talk here"
    assert len({message.id for message in shown}) == 1


class Seen(BaseCallbackHandler):
    def __init__(self):
        self.started, self.tokens, self.ended, self.failed, self.given = [], [], [], [], []

    def on_chat_model_start(self, serialized, messages, *, metadata, **more):
        self.started.append(metadata)
        self.given.append({**serialized, **more})

    def on_llm_new_token(self, token, **more):
        self.tokens.append(token)

    def on_llm_end(self, response, **more):
        self.ended.append(response.generations[0][0].message)

    def on_llm_error(self, error, **more):
        self.failed.append(error)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("chained", [False, True])
async def test_callbacks_see_one_run(rag, how, chained):
    seen, model = Seen(), RoutedChatModel(rag=rag)
    chain = model | StrOutputParser() if chained else model
    with get_usage_metadata_callback() as counted:
        call = {"configurable": {"rag": {"user": "anna"}, "thread_id": "t1"}}
        await reply(chain, how, "Hi", {"callbacks": [seen], "metadata": {"tenant": "acme"}, **call})
    assert [(each["ls_provider"], each["tenant"]) for each in seen.started] == [("dynamicrag", "acme")]
    assert "anna" not in repr(seen.given), "traces name no user unless the metadata do"
    assert [message.text for message in seen.ended] == ["Small talk here"]
    assert facts(seen.ended[0])["model"] == "small"
    if "stream" in how:
        assert "".join(seen.tokens) == "Small talk here"
    assert counted.usage_metadata["small"]["total_tokens"] == 13


@pytest.mark.parametrize("how", WAYS)
async def test_another_model_takes_over_before_the_first_token(make, rag, how):
    make.models["small"].script = broken
    message = await reply(RoutedChatModel(rag=rag), how, "Hi")
    about = facts(message)
    assert about["model"] != "small"
    assert about["reason"].startswith("after failure")
    failed = [line["call"] for line in rag.explain(about["query_id"]).account if line["failed"]]
    assert failed == ["small"]


async def test_a_stream_that_breaks_off_fails(make, rag):
    make.models["small"].script = lambda kind, text: "One BREAK"
    seen = Seen()
    with pytest.raises(ConnectionError):
        async for _ in RoutedChatModel(rag=rag).astream("Hi", {"callbacks": [seen]}):
            pass
    assert len(seen.failed) == 1


def priced(make, script, **budget):
    make.scripts["small"] = script
    profile = {"usd": {"input": 1e-6, "output": 1e-6}}
    models = {"small": {"model": "fake:small", "profile": profile}}
    stages = {"generator": {"options": ["small"]}}
    return make(models=models, helper=None, objective={"budget": budget}, stages=stages)


@pytest.mark.parametrize("how", WAYS)
async def test_a_call_that_the_budget_cannot_pay_is_not_made(make, how):
    rag = priced(make, lambda kind, text: "x", total={"usd": 1e-9})
    with pytest.raises(BudgetExceeded):
        await reply(RoutedChatModel(rag=rag), how, "Hi")
    assert make.models["small"].calls == []


async def test_a_cancelled_call_leaves_no_reservation(make):
    begun = asyncio.Event()

    def script(kind, text):
        loop.call_soon_threadsafe(begun.set)
        return "WAIT"

    loop = asyncio.get_running_loop()
    rag = priced(make, script, total={"usd": 1.0})
    work = asyncio.create_task(reply(RoutedChatModel(rag=rag), "astream", "Hi"))
    await begun.wait()
    assert rag.budget()["usd"]["set_aside"] > 0
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert rag.budget()["usd"]["set_aside"] == 0


@pytest.mark.parametrize("how", ["stream", "astream"])
async def test_an_abandoned_stream_leaves_no_reservation_and_is_booked(make, how):
    rag = priced(make, lambda kind, text: "one two three four", total={"usd": 1.0})
    model = RoutedChatModel(rag=rag)
    if how == "stream":
        chunks = model.stream("Hi")
        next(chunks)
        chunks.close()
    else:
        achunks = model.astream("Hi")
        await anext(achunks)
        await achunks.aclose()
        until = time.monotonic() + 60
        while rag.budget()["usd"]["set_aside"] and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # LangChain leaves its inner generators to the loop
    assert rag.budget()["usd"]["set_aside"] == 0
    assert rag.budget()["usd"]["spent"] > 0


async def test_concurrent_calls_and_new_loops_are_queries_of_their_own(rag):
    model = RoutedChatModel(rag=rag)

    async def many():
        return await asyncio.gather(*(model.ainvoke("Hi") for _ in range(8)))

    replies = await asyncio.to_thread(lambda: [each for _ in range(2) for each in asyncio.run(many())])
    replies += model.batch(["Hi", "Hi"])
    assert len({facts(each)["query_id"] for each in replies}) == 18


@pytest.mark.parametrize("given", ["", "x" * 50_000, [SystemMessage("Write a poem.")]])
def test_any_prompt_is_routed(rag, given):
    assert facts(RoutedChatModel(rag=rag).invoke(given))["model"] == "small"


def test_the_prompt_is_sent_as_it_is(make, rag):
    given = [("system", "Be brief."), ("user", "Hi"), ("ai", "Hello"), ("user", "And?")]
    RoutedChatModel(rag=rag).invoke(given)
    assert [message.text for message in make.models["small"].calls[0].messages] == [text for _, text in given]


def test_other_settings_belong_to_the_policy(rag):
    with pytest.raises(ValidationError, match="timeout"):
        RoutedChatModel(rag=rag, timeout=3)
    with pytest.raises(ValidationError, match="instance of DynamicRAG"):
        RoutedChatModel(rag="balanced")


class Sum(BaseModel):
    """A sum."""

    total: int


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Calling(BaseChatModel):
    """Calls its first tool, and records what it is given."""

    given: dict = {}  # noqa: RUF012

    @property
    def _llm_type(self):
        return "calling"

    def bind_tools(self, tools, **options):
        return self.bind(tools=tools, **options)

    def _generate(self, messages, stop=None, run_manager=None, **given):
        self.given.update(given, stop=stop)
        name = given["tools"][0]["function"]["name"]
        call = {"name": name, "args": {"total": 3}, "id": "1", "type": "tool_call"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])


@pytest.fixture
def mixed(make):
    """Two models, and only the large one calls tools."""
    models = {"small": ScriptedChat(script=lambda kind, text: "Small"), "large": Calling(given={})}
    named = {"small": {}, "large": {}}
    objects = {"models": models, "retrievers": {"kb": FakeRetriever([])}}
    stages = {**ROUTED, "retriever": {"options": ["kb"]}}
    return make(models=named, helper=None, corpora={}, objects=objects, stages=stages), models


@pytest.mark.parametrize("how", WAYS)
async def test_with_tools_only_models_that_call_tools_are_open(mixed, how):
    rag, models = mixed
    model = RoutedChatModel(rag=rag, stop=["end"])
    assert facts(await reply(model, how, "1 + 2?"))["model"] == "small"
    message = await reply(model.bind_tools([add], tool_choice="any", strict=True), how, "1 + 2?")
    assert facts(message)["model"] == "large"
    assert message.tool_calls[0]["name"] == "add"
    given = models["large"].given
    assert (given["tool_choice"], given["strict"], given["stop"]) == ("any", True, ["end"])


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
@pytest.mark.parametrize("method", [None, "json_schema"])
async def test_a_schema_is_kept_by_a_tool_call(mixed, how, method):
    model = RoutedChatModel(rag=mixed[0]).with_structured_output(Sum, method=method, include_raw=True)
    found = model.invoke("1 + 2?") if how == "invoke" else await model.ainvoke("1 + 2?")
    assert found["parsed"] == Sum(total=3)
    assert facts(found["raw"])["model"] == "large"


def test_tools_without_a_model_that_calls_them_are_refused(rag):
    with pytest.raises(PolicyError, match="no model can call tools"):
        RoutedChatModel(rag=rag).bind_tools([add]).invoke("1 + 2?")


def test_a_failure_of_every_model_is_the_providers(make, rag):
    for model in make.models.values():
        model.script = broken
    with pytest.raises(ProviderError, match="the line broke"):
        RoutedChatModel(rag=rag).invoke("Hi")


@pytest.mark.parametrize("how", WAYS)
async def test_a_prompt_without_messages_is_refused(rag, how):
    with pytest.raises(InputError, match="RoutedChatModel: the prompt has no message"):
        await reply(RoutedChatModel(rag=rag), how, [])


def test_an_unknown_model_is_refused_by_its_own_name(rag):
    with pytest.raises(InputError, match="RoutedChatModel: model: unknown option 'nope'; valid: large, "):
        RoutedChatModel(rag=rag).invoke("Hello", model="nope")
