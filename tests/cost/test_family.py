"""The names of one model, at every provider, and names of others."""

import pytest

from dynamicrag.cost.family import families, family, version, words


@pytest.mark.parametrize(
    "spec",
    [
        "ollama:llama3.1:8b",
        "ollama:llama3.1:8b-instruct-q4_K_M",
        "ollama:LLAMA3.1:8B",
        "groq:llama-3.1-8b-instant",
        "vllm:meta-llama/Llama-3.1-8B-Instruct",
        "together:meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",
        "openrouter:meta-llama/llama-3.1-8b-instruct:free",
        "bedrock_converse:us.meta.llama3-1-8b-instruct-v1:0",
        "local:/models/Llama-3.1-8B-Instruct-Q4_K_M.gguf",
        "local:C:\\models\\Llama-3.1-8B-Instruct.Q8_0.gguf",
        "openai:hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4",
        " llama-3.1-8b ",
    ],
)
def test_all_names_of_a_model_lead_to_one_family(spec):
    assert family("llama-3.1-8b") in [*families(spec)]


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("openai:gpt-4o-2024-08-06", "gpt-4o"),
        ("openai:gpt-4-0613", "gpt-4"),
        ("openai:gpt-3.5-turbo-16k-0613", "gpt-3.5-turbo"),
        ("anthropic:claude-3-5-sonnet-latest", "claude-3.5-sonnet"),
        ("bedrock_converse:us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
        ("google_vertexai:claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet"),
        ("google_genai:models/gemini-2.5-flash-preview-05-20", "gemini-2.5-flash"),
        ("google_genai:gemini-1.5-pro-002", "gemini-1.5-pro"),
        ("vertexai:gemini-2.0-flash@001", "gemini-2.0-flash"),
    ],
)
def test_a_date_or_a_version_of_the_service_does_not_count(spec, name):
    assert family(name) in [*families(spec)]


@pytest.mark.parametrize(
    ("spec", "other"),
    [
        ("openai:gpt-4o-mini", "gpt-4o"),
        ("openai:ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini"),
        ("ollama:deepseek-r1:7b", "deepseek-r1"),
        ("ollama:llama3.2-vision:11b", "llama-3.2-11b"),
        ("ollama:llama3.1:70b", "llama-3.1-8b"),
        ("x:qwen2.5-coder-7b", "qwen2.5-7b"),
        ("x:acme/llama-3.1-8b-medical", "llama-3.1-8b"),
        ("mistralai:mistral-large-2512", "mistral-large"),
        ("x:gemma-31b", "gemma-3-1b"),
        ("google_genai:gemini-1.5-flash-8b", "gemini-1.5-flash"),
    ],
)
def test_another_model_is_not_taken_for_one_with_a_similar_name(spec, other):
    assert family(other) not in [*families(spec)]


def test_a_short_name_at_its_provider_comes_before_the_bare_name():
    found = [*families("ollama:llama3.2:latest")]
    assert found.index(family("ollama:llama3.2")) < found.index(family("llama3.2"))


@pytest.mark.parametrize("spec", ["", ":", "/", "x:", "x:-it", "…", "模型", "a" * 10_000 + "-it" * 2_000])
def test_any_text_has_families(spec):
    assert len([*families(spec)]) >= 2


def test_versions_of_a_model_have_the_same_words_and_rising_numbers():
    old, new = family("claude-haiku-4-5"), family("claude-haiku-5-5")
    assert words(old) == words(new) == ("claude", "haiku")
    assert version(old) < version(new)
