"""A call is booked under the model that answered it."""

import pytest

from dynamicrag.faces.langchain.answered_by import callee_of
from tests.faces.langchain.test_middleware import two


@pytest.mark.parametrize(
    ("asked", "named", "label"),
    [
        ("openai:gpt-4o", "gpt-4o-2024-08-06", "gpt-4o"),  # dated
        ("openai:gpt-4o", "", "gpt-4o"),  # the reply does not tell
        ("openai:gpt-4o", "our-deployment", "gpt-4o"),  # a server's own name
        ("openai:gpt-4o", "gpt-4.1", "openai:gpt-4.1"),  # a router of the provider, with another price
        ("openai:gpt-4o-mini", "gpt-4o-mini", "gpt-4o-mini"),  # a fallback that is an option
        ("openai:gpt-4.1", "", "openai:gpt-4.1"),  # a fallback that is none, and failed
        ("", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),  # a client that does not tell the asked one
        ("together:Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "together:Qwen/Qwen3-8B"),
    ],
)
def test_the_label(make, asked, named, label):
    rag = make(two())
    assert callee_of(rag.pipeline, "gpt-4o", asked, {"model_name": named}).label == label


def test_an_unknown_model_has_no_known_price(make):
    callee = callee_of(make(two()).pipeline, "gpt-4o", "acme:wonder", {"model_name": "wonder"})
    assert not callee.profile.priced


def test_a_model_of_this_host_costs_no_money(make):
    callee = callee_of(make(two()).pipeline, "gpt-4o", "ollama:llama3.2", {"model": "llama3.2"})
    assert callee.profile.runs == "same_host"
    assert callee.profile.usd.input == 0
