import pytest

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.grid import intensity
from dynamicrag.cost.profiles import NO_PRICE, Profiles, Range, load_profiles, most_expensive


@pytest.fixture(scope="module")
def profiles() -> Profiles:
    return load_profiles()


@pytest.mark.parametrize(
    ("spec", "size", "text", "active"),
    [
        ("openai:foo-70b-instruct", "large", "70b", 70),
        ("openai:foo-14b", "medium", "14b", 14),
        ("cohere:command-r7b-12-2024", "small", "7b", 7),
        ("huggingface:org/SmolLM2-135M-Instruct", "small", "135m", 0.135),
        ("together:org/Llama-3.1-405B", "xlarge", "405b", 405),
        ("together:Qwen/Qwen2.5-0.5B", "small", "0.5b", 0.5),
        ("mistralai:mixtral-8x7b", "medium", "8x7b", 12.6),
        ("mistralai:open-mixtral-8x22b-2404", "large", "8x22b", 39.6),
        ("fireworks:org/qwen3-30B-A3B", "small", "30b-a3b", 3),
        ("fireworks:org/qwen3-235b-a22b-instruct-2507", "large", "235b-a22b", 22),
        ("x:foo-a22b", "large", "a22b", 22),
        ("groq:org/llama-4-scout-17b-16e-instruct", "large", "17b-16e", 17),
    ],
)
def test_an_unknown_model_is_taken_for_one_of_the_size_in_its_name(profiles, spec, size, text, active):
    profile = profiles.of(spec, "remote")
    assert profile.assumed.startswith(f"unknown model: size class {size!r} (")
    assert f"taken from {text!r} in its name" in profile.assumed
    assert profile.active_billions == pytest.approx(active)
    assert profile.joules == next(each.joules for each in profiles.classes if each.name == size)


def test_a_mixture_of_experts_is_neither_its_active_nor_its_total_parameters(profiles):
    assumed = profiles.of("x:qwen3-235b-a22b", "remote").assumed
    assert "a mixture of experts that uses what 72 billion dense ones do" in assumed


@pytest.mark.parametrize("spec", ["openai:gpt-7", "openai:foo-4bit", "x:context-128k", "nameless"])
def test_an_unknown_model_without_a_size_says_so(profiles, spec):
    profile = profiles.of(spec, "remote")
    assert "assumed: its name does not tell its size" in profile.assumed
    assert NO_PRICE in profile.assumed
    assert not profile.priced
    assert profile.usd == most_expensive(profiles.models.values()), "what it is compared at"
    assert profile.active_billions is None
    assert profile.joules.of(1000, 100)[1] > 0
    assert profile.coefficients["gco2e_per_kwh"] == Bounds(intensity(profile.region))


def test_an_unknown_model_runs_where_its_provider_does(profiles):
    assert profiles.of("google_genai:gemini-9", "remote").pue == 1.09
    assert profiles.of("mistralai:new", "remote").region == "SWE"
    assert profiles.of("elsewhere:new", "remote").pue == profiles.providers["default"].pue


def test_an_unknown_model_on_this_host_costs_no_money_and_this_hosts_carbon(profiles):
    profile = profiles.of("ollama:llama3.2:3b", "same_host")
    assert (profile.runs, profile.pue, profile.region) == ("same_host", 1.0, None)
    assert profile.coefficients == {}
    assert "'small'" in profile.assumed
    assert profile.assumed.endswith("as if served in a data centre"), "its ability is listed"
    assert NO_PRICE not in profile.assumed


def test_an_unknown_model_in_this_process_is_free_until_metered_and_says_so(profiles):
    profile = profiles.of("local:other.gguf", "in_process")
    assert profile.runs == "in_process"
    assert profile.joules == Range()
    assert "until calls are metered" in profile.assumed


@pytest.mark.parametrize("spec", ["openai:gpt-4o-2024-08-06", "anthropic:claude-haiku-4-5-20251001"])
def test_a_dated_version_has_the_figures_of_its_model(profiles, spec):
    profile = profiles.of(spec, "remote")
    assert profile.usd.input > 0
    assert profile.assumed.startswith("not listed: uses the figures of ")
