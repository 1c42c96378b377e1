import pytest
from langchain_core.messages import HumanMessage

from dynamicrag import portal
from dynamicrag.errors import ModelUnavailable, PolicyError, ProviderError
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.cpu_account import CpuAccount
from dynamicrag.llm.failures import provider_error, unavailable
from dynamicrag.llm.params import check_params


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gpt-4o", "expected 'provider:model'"),
        ("local:", "expected 'provider:model'"),
        ("local:smollm2-135m", "did you mean 'smollm2-135m-instruct'"),
    ],
)
def test_wrong_specs_are_refused_early(spec, says):
    with pytest.raises(ModelUnavailable, match=says):
        chat_model("small", spec)


def test_unknown_parameter_of_a_local_model():
    with pytest.raises(ModelUnavailable, match=r"model small: .*slot"):
        chat_model("small", "local:smollm2-135m-instruct", slot=1)


@pytest.mark.parametrize("params", [{"slots": 0}, {"slots": -1}, {"threads": 0}, {"context": 0}])
def test_counts_of_a_local_model_begin_at_1(params):
    with pytest.raises(PolicyError, match=r"params\.\w+: expected a number of .*1 or more"):
        check_params("local:smollm2-135m-instruct", params, "models.small.params")


def test_an_embedder_cannot_chat():
    with pytest.raises(ModelUnavailable, match="cannot chat"):
        chat_model("small", "local:all-minilm-l6-v2")


@pytest.mark.parametrize(
    ("spec", "params", "runs"),
    [
        ("local:smollm2-135m-instruct", {}, "in_process"),
        ("ollama:llama3.2", {}, "same_host"),
        ("ollama:llama3.2", {"base_url": "http://gpu.example.org:11434"}, "remote"),
        ("openai:gpt-4o-mini", {}, "remote"),
        ("openai:any", {"base_url": "http://localhost:8000/v1"}, "same_host"),
    ],
)
def test_where_it_runs(spec, params, runs):
    assert chat_model("x", spec, **params).runs == runs


def test_model_that_is_not_pulled_says_how(monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="dynamicrag models pull smollm2-135m-instruct"):
        chat_model("small", "local:smollm2-135m-instruct", context=64).load()


def test_missing_key_names_the_variable(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY"):
        chat_model("large", "openai:gpt-4o-mini").load()


def test_unreachable_server_is_a_provider_error():
    model = chat_model("x", "openai:any", base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=0)
    with pytest.raises(ProviderError, match="cannot be reached"):
        portal.run(model.complete([HumanMessage("Hi")], max_tokens=3))


@pytest.mark.parametrize("retries", ["two", -1, True, 1.5])
def test_retries_are_a_count(retries):
    with pytest.raises(PolicyError, match=r"models\.x\.params\.max_retries: expected how often"):
        check_params("openai:any", {"max_retries": retries}, "models.x.params")


class Response:
    def __init__(self, **headers):
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "6"}, 6.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": "250", "retry_after": "6"}, 0.25),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, 0.0),
        ({"retry_after": "-3"}, 0.0),
        ({}, 0.0),
    ],
)
def test_when_the_provider_wants_to_be_asked_again(headers, seconds):
    error = RateLimitError("slow down")
    error.response = Response(**headers)
    assert provider_error("large", "openai:x", error).retry_after == seconds


def test_what_asking_again_does_not_help_has_no_time_for_it():
    assert provider_error("large", "openai:x", BadRequest("no")).retry_after is None
    assert provider_error("large", "openai:x", ConnectionResetError("gone")).retry_after is None
    assert provider_error("large", "openai:x", ConnectionRefusedError("closed")).retry_after == 0.0


class BadRequest(Exception):
    status_code = 400


class RateLimitError(Exception):
    status_code = 429


class APITimeoutError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RateLimitError("slow down"), "rate limit"),
        (APITimeoutError("Request timed out."), "raise the model's 'timeout'"),
        (BadRequest("exceeds the available context size (128 tokens)"), "too long"),
        (BadRequest("whatever"), "the call failed [BadRequest: whatever]"),
        (KeyError("my_key"), "or its code or a callback has a mistake"),
        (KeyError("my_key"), "[KeyError: 'my_key']"),
        (TypeError("rate_limit is no number"), "[TypeError: rate_limit is no number]"),
    ],
)
def test_failures_say_what_and_how_to_mend(error, says):
    told = provider_error("large", "openai:x", error)
    assert isinstance(told, ProviderError)
    assert says in str(told)
    assert "large" in str(told)


def test_missing_package_gets_its_hint():
    error = ImportError(
        "Initializing ChatFoo requires the langchain-foo package. pip install -U langchain-foo"
    )
    assert "pip install langchain-foo" in str(unavailable("x", "foo:bar", error))
    assert "pip install langchain-openai" in str(unavailable("x", "azure_openai:bar", ImportError("no")))


class TestCpuAccount:
    PER_TOKEN = (0.01, 0.04)

    def timings(self, prompt, output, slowed=1.0):
        a, b = self.PER_TOKEN
        milliseconds = {"prompt_ms": prompt * a * 500 * slowed, "predicted_ms": output * b * 500 * slowed}
        return {"prompt_n": prompt, "predicted_n": output, **milliseconds}

    def test_a_call_alone_is_charged_what_it_used_and_teaches(self):
        account = CpuAccount(10**9, threads=2)
        for prompt, output in [(100, 10), (500, 5), (50, 60), (900, 20)] * 10:
            with account.span() as span:
                pass
            span.cpu_seconds = prompt * 0.01 + output * 0.04
            assert account.charge(span, self.timings(prompt, output, slowed=3)) == span.cpu_seconds
        assert account.coefficients == pytest.approx(self.PER_TOKEN, rel=0.05)

    def test_work_of_others_in_this_process_is_not_charged(self):
        account = CpuAccount(10**9, threads=2)
        with account.span() as span:
            pass
        span.cpu_seconds = 100.0
        assert account.charge(span, self.timings(100, 10)) == pytest.approx(1.4)

    def test_overlapping_calls_are_charged_by_their_tokens(self):
        one, two = CpuAccount(10**9, threads=2), CpuAccount(10**8, threads=2)
        with one.span() as first, two.span() as second:
            pass
        assert not first.alone
        assert not second.alone
        a, b = one.coefficients
        assert one.charge(first, self.timings(100, 10, slowed=9)) == pytest.approx(100 * a + 10 * b)
        assert one.coefficients == (a, b)

    def test_cached_prompt_tokens_cost_nothing(self):
        account = CpuAccount(10**9, threads=2)
        with account.span() as first, account.span():
            pass
        assert account.charge(first, {"cache_n": 500, "prompt_n": 0, "predicted_n": 0}) == 0.0

    def test_a_call_that_broke_off_is_charged_for_no_more_than_the_process_used(self):
        account = CpuAccount(10**9, threads=2)
        with account.span() as alone:
            pass
        alone.cpu_seconds = 3.0
        assert account.charge_broken_off(alone, 10_000, 0) == 3.0
        with account.span() as first, account.span():
            pass
        first.cpu_seconds = 3.0
        a, b = account.coefficients
        assert account.charge_broken_off(first, 10_000, 0) == 3.0
        assert account.charge_broken_off(first, 10, 2) == pytest.approx(10 * a + 2 * b)
