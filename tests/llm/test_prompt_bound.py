"""The worst case of a prompt: the model's own count, or a bound that none of the tokenizers here exceeds."""

import math
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from dynamicrag import portal
from dynamicrag.llm import prompt_bound, vocabularies
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.prompt_bound import AROUND, BESIDE, MARGIN, cautious, learn, most_tokens

TEXTS = [path.read_text("utf-8") for path in sorted(Path(__file__).parents[2].glob("*.md"))]
SENTENCE = "Passengers with bicycles board before the cars and wait on the upper deck. "


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nothing is downloaded to count tokens")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(prompt_bound, "_said", type(prompt_bound._said)())


def test_a_known_model_is_counted_by_its_own_tokenizer():
    own = vocabularies.encoding("o200k_base")
    assert own is not None, "llama-index-core brings it"
    for spec in ("openai:gpt-4o-mini", "azure_openai:gpt-4o", "groq:openai/gpt-oss-120b"):
        expected = math.ceil(MARGIN * len(own.encode_ordinary(SENTENCE))) + AROUND + BESIDE
        assert most_tokens(spec, "", [SENTENCE]) == expected < cautious(SENTENCE) + AROUND + BESIDE


def test_an_unknown_model_is_allowed_half_the_bytes_of_english_and_all_of_what_is_not_words():
    assert len(SENTENCE) / 5 < cautious(SENTENCE) < 0.4 * len(SENTENCE)
    for text in ("3141592653589793", "\n\n\t\t", "Ελλάδα", "渡し船は出ますか", "🚲🚲", "xqzvkj"):
        assert cautious(text) == len(text.encode())


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_no_tokenizer_here_takes_more(name):
    own = vocabularies.encoding(name)
    assert own is not None
    for text in TEXTS:
        assert len(own.encode_ordinary(text)) <= 0.75 * cautious(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_at_least_a_token_and_at_most_one_a_byte(text):
    for name in ("cl100k_base", "o200k_base"):
        own = vocabularies.encoding(name)
        assert own is not None
        assert len(own.encode_ordinary(text)) <= cautious(text) <= len(text.encode(errors="replace"))


def test_without_a_vocabulary_it_is_a_token_a_byte(monkeypatch):
    monkeypatch.setattr(prompt_bound, "encoding", lambda name: None)
    assert cautious(SENTENCE) == len(SENTENCE)


def test_a_damaged_file_is_as_good_as_none_and_stays(monkeypatch, tmp_path):
    import hashlib

    file = vocabularies._FILES["cl100k_base"]
    path = tmp_path / hashlib.sha1(file.url.encode()).hexdigest()
    path.write_bytes(b"damaged")
    monkeypatch.setattr(vocabularies, "_folders", lambda: [tmp_path])
    assert vocabularies.encoding.__wrapped__("cl100k_base") is None
    assert path.read_bytes() == b"damaged"


def test_models_without_a_tokenizer_on_disk_have_none():
    for spec in (
        "anthropic:claude-haiku-5-5",
        "openai:plain",
        "together:no/such-model",
        "x:a/b/c",
        "nonsense",
    ):
        assert vocabularies.vocabulary_of(spec) is None


def test_what_was_said_of_a_prompt_bounds_what_later_ones_share_with_it():
    shared = ["Instructions, with 1234567890 digits. " * 20]
    learn("openai:x", "http://a", [*shared, "first question"], 300)
    expected = 300 + cautious("another one") + AROUND
    assert most_tokens("openai:x", "http://a", [*shared, "another one"]) == expected
    assert most_tokens("openai:x", "http://b", [*shared, "another one"]) > expected
    learn("openai:x", "http://a", [*shared, "?"], 290)
    learn("openai:x", "http://a", [*shared, "a long one"], 900)
    assert most_tokens("openai:x", "http://a", [*shared, "another one"]) == expected - 10


def test_a_model_is_never_allowed_more_than_its_bytes():
    model = chat_model("x", "openai:x", base_url="http://localhost:1/v1")
    messages = [HumanMessage("ab")]
    assert portal.run(model.bound_prompt(messages)) <= 2 + 16
