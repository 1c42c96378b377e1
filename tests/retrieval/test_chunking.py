import socket

import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.retrieval.chunking import Chunker, chunk_id, document_of


def words(text):
    return text.split()


def test_ids_name_the_parent():
    assert chunk_id("a/b#1.md", 3) == "a/b#1.md#3"
    assert document_of("a/b#1.md#3") == "a/b#1.md"


def test_chunks_are_whole_sentences_within_the_size():
    sentences = [f"Sentence number {n} has seven words." for n in range(40)]
    chunks = Chunker(40, 8, words).split(" ".join(sentences), "A title")
    assert all(len(words(chunk)) <= 38 for chunk in chunks)
    assert all(chunk.startswith("Sentence") and chunk.endswith(".") for chunk in chunks)
    assert all(any(sentence in chunk for chunk in chunks) for sentence in sentences)
    assert chunks[0].split(". ")[-1].rstrip(".") in chunks[1]  # the overlap


def test_nothing_is_lost_of_odd_texts():
    chunker = Chunker(32, 0, list)  # a token a character
    for text in ("x" * 1000, "日本語の文章。" * 40, "line\n" * 100, "a, b; c. " * 50, "🙂" * 100):
        joined = "".join(chunker.split(text)).replace(" ", "").replace("\n", "")
        assert joined == text.replace(" ", "").replace("\n", "")
    assert chunker.split("short") == ["short"]
    assert chunker.split(" \n ") == []


def test_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(Chunker(32, 4, words).split("One two three four. " * 40)) > 4


@pytest.mark.parametrize(("size", "overlap"), [(31, 0), (64, 32), (64, -1)])
def test_bad_settings(size, overlap):
    with pytest.raises(PolicyError, match=r"chunk\.(size|overlap): .*valid"):
        Chunker(size, overlap, words)
