"""Chat models that the user has made, behind our one face."""

import asyncio

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from llama_index.core.llms import MockLLM
from llama_index.llms.openai import OpenAI

from dynamicrag import portal
from dynamicrag.errors import PolicyError, ProviderError
from dynamicrag.llm.foreign import adapt_model
from dynamicrag.testing import ScriptedChat
from dynamicrag.testing.server import Refusal, delta, said

ASKED = [HumanMessage("What colour?")]


def adapt(given, **params):
    return adapt_model("small", given, "models['small']", params, None)


def complete(model, **how):
    return portal.run(model.complete(ASKED, **{"max_tokens": 20, **how}))


def openai(server, **more):
    return ChatOpenAI(model="any", base_url=server.url, api_key="none", **more)


@pytest.mark.parametrize(
    ("make", "spec", "runs"),
    [
        (lambda: ChatOpenAI(model="gpt-4o-mini", api_key="k"), "openai:gpt-4o-mini", "remote"),
        (
            lambda: ChatOpenAI(model="m", api_key="k", base_url="http://localhost:1/v1"),
            "openai:m", "same_host",
        ),
        (
            lambda: AzureChatOpenAI(
                model="gpt-4o", api_key="k", azure_endpoint="https://x.openai.azure.com", api_version="1"
            ),
            "azure_openai:gpt-4o", "remote",
        ),
        (lambda: ScriptedChat(script=lambda kind, text: ""), "scripted:ScriptedChat", "remote"),
        (
            lambda: GenericFakeChatModel(messages=iter([])),
            "genericfakechatmodel:GenericFakeChatModel", "in_process",
        ),
        (lambda: OpenAI(model="gpt-4o-mini", api_key="k"), "openai:gpt-4o-mini", "remote"),
        (
            lambda: OpenAI(model="gpt-4o", api_key="k", api_base="http://127.0.0.1:9"),
            "openai:gpt-4o", "same_host",
        ),
        (lambda: MockLLM(), "mock:MockLLM", "in_process"),
    ],
)  # fmt: skip
def test_what_an_object_tells_of_itself(make, spec, runs):
    model = adapt(make())
    assert (model.name, model.spec, model.runs) == ("small", spec, runs)


def test_our_limit_goes_with_the_users_settings(serve):
    server = serve(lambda body: said("Blue."))
    given = openai(server, temperature=0.4, max_tokens=999, default_headers={"X-Team": "rag"})
    model = adapt(given)
    assert complete(model).text == "Blue."
    (body,) = server.requests
    assert body.get("max_completion_tokens", body.get("max_tokens")) == 20
    assert body["temperature"] == 0.4  # the user's
    assert body["stream_options"] == {"include_usage": True}
    assert body["logprobs"] is True
    assert given.max_tokens == 999  # the object is as it was
    assert given.root_async_client.max_retries == 2


def test_temperature_is_ours_where_the_user_has_set_none(serve):
    server = serve(lambda body: said("Blue."))
    model = adapt(openai(server))
    complete(model, temperature=0.7)
    complete(model)
    assert [body["temperature"] for body in server.requests] == [0.7, 0.0]


def test_usage_is_the_providers(serve):
    server = serve(lambda body: said("Blue."))
    usage = complete(adapt(openai(server))).usage
    assert (usage.input_tokens, usage.output_tokens, usage.assumed) == (10, 5, False)


def test_usage_that_is_not_told_is_the_worst(serve):
    server = serve(lambda body: [delta("Blue."), delta(finish="stop")])
    usage = complete(adapt(openai(server)), most_input=50).usage
    assert (usage.input_tokens, usage.output_tokens, usage.assumed) == (50, 20, True)


def test_a_parameter_that_a_server_refuses_is_left_out_from_then_on(serve):
    def script(body):
        if "max_completion_tokens" in body:
            raise Refusal(400, {"error": {"message": "unknown", "param": "max_completion_tokens"}})
        return said("Blue.")

    server = serve(script)
    model = adapt(openai(server, max_tokens=999))
    assert complete(model).text == "Blue."
    assert "max_completion_tokens" not in server.requests[-1]
    assert server.requests[-1]["max_tokens"] == 20
    complete(model)
    assert len(server.requests) == 3


def test_it_does_not_try_again_by_itself(serve):
    def script(body):
        raise Refusal(500, {"error": {"message": "down"}})

    server = serve(script)
    with pytest.raises(ProviderError, match="model small"):
        complete(adapt(openai(server)))
    assert len(server.requests) == 1


@pytest.mark.slow
def test_the_users_own_calls_and_ours_do_not_share_connections(serve):
    """A connection belongs to the loop that opened it; ours run on another one than the user's."""
    server = serve(lambda body: said("Blue."))
    given = openai(server, stream_usage=True, streaming=True)
    model = adapt(given)
    for _ in range(3):
        assert asyncio.run(given.ainvoke(ASKED)).text == "Blue."
        assert complete(model).text == "Blue."


def test_many_calls_at_the_same_time(serve):
    server = serve(lambda body: said(body["messages"][-1]["content"]))
    model = adapt(openai(server))

    async def all_of_them():
        works = (model.complete([HumanMessage(f"number {n}")], max_tokens=20) for n in range(20))
        return await asyncio.gather(*works)

    assert [each.text for each in asyncio.run(all_of_them())] == [f"number {n}" for n in range(20)]


def test_a_class_without_a_limit_is_cut_behind_it():
    model = adapt(ScriptedChat(script=lambda kind, text: "word " * 5000, reports=False))
    completion = complete(model)
    assert completion.finish_reason == "length"
    assert len(completion.text) < 2000


def test_a_model_that_does_not_stream_is_asked_all_the_same():
    model = adapt(GenericFakeChatModel(messages=iter([AIMessage("Blue.")])))
    assert complete(model).text == "Blue."


def test_llama_index(serve):
    server = serve(lambda body: said("Blue."))
    model = adapt(OpenAI(model="gpt-4o-mini", api_key="none", api_base=server.url, temperature=0.3))
    completion = complete(model)
    assert completion.text == "Blue."
    assert completion.ended
    (body,) = server.requests
    assert body["messages"] == [{"role": "user", "content": "What colour?"}]
    assert (body["max_tokens"], body["temperature"]) == (20, 0.3)


def test_llama_index_without_usage_is_booked_at_the_worst(serve):
    server = serve(lambda body: [delta("Blue."), delta(finish="stop")])
    model = adapt(OpenAI(model="gpt-4o-mini", api_key="none", api_base=server.url))
    usage = complete(model, most_input=50).usage
    assert (usage.input_tokens, usage.output_tokens, usage.assumed) == (50, 20, True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("gpt-4o", r"models\['small'\]: expected a LangChain chat model .* got a str 'gpt-4o'"),
        (ChatOpenAI, r"got the class ChatOpenAI; make an object of it"),
        (lambda prompt: "x", r"got a function"),
        (None, r"got a NoneType"),
    ],
)
def test_what_is_no_chat_model_is_refused(given, message):
    with pytest.raises(PolicyError, match=message):
        adapt(given)


class WholeAnswers(BaseChatModel):
    """A user's own class, as short as LangChain allows: it can neither stream nor await."""

    @property
    def _llm_type(self):
        return "whole"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"{messages[-1].text} Blue."))])


def test_a_class_that_answers_in_one_piece():
    model = adapt(WholeAnswers())
    completion = complete(model, most_input=30)
    assert completion.text == "What colour? Blue."
    assert completion.ended
    assert (completion.usage.input_tokens, completion.usage.assumed) == (30, True)


class Counting(BaseRateLimiter):
    def __init__(self):
        self.waits = 0

    def acquire(self, *, blocking=True):
        raise NotImplementedError

    async def aacquire(self, *, blocking=True):
        self.waits += 1
        return True


class Noting(BaseCallbackHandler):
    def __init__(self):
        self.starts, self.ends = [], []

    def on_chat_model_start(self, serialized, messages, *, tags=None, metadata=None, **kwargs):
        self.starts.append((tags, metadata))

    def on_llm_end(self, response, **kwargs):
        self.ends.append(response.generations[0][0].text)


@pytest.mark.parametrize("kind", [WholeAnswers, ScriptedChat])
def test_callbacks_tags_metadata_and_the_rate_limiter_of_an_object_hold(kind):
    limiter, noting = Counting(), Noting()
    script = {} if kind is WholeAnswers else {"script": lambda kind, text: f"{text} Blue."}
    own = {"rate_limiter": limiter, "callbacks": [noting], "tags": ["mine"], "metadata": {"team": "rag"}}
    given = kind(**own, **script)
    with get_usage_metadata_callback() as counted:
        assert complete(adapt(given), tags=["ours"]).text == "What colour? Blue."
    assert limiter.waits == 1
    ((tags, metadata),) = noting.starts
    assert {"mine", "ours"} <= set(tags)
    assert metadata["team"] == "rag"
    assert noting.ends == ["What colour? Blue."]
    assert len(counted.usage_metadata) <= 1  # a call is one call, for whoever counts


def test_the_cache_of_an_object_holds_where_it_does_not_stream():
    asked = []

    class Whole(WholeAnswers):
        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            asked.append(messages)
            return super()._generate(messages, stop, run_manager, **kwargs)

    model = adapt(Whole(cache=InMemoryCache()))
    assert [complete(model).text, complete(model).text] == ["What colour? Blue."] * 2
    assert len(asked) == 1
