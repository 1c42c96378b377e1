"""The embedding of a question, where routers need it."""

import asyncio
import threading

import pytest

from dynamicrag.routers.vectors import question_vector
from dynamicrag.testing import FakeEmbedder

from .test_routers import context


async def test_a_known_vector_takes_no_thread(monkeypatch):
    embedder, given = FakeEmbedder(size=8), context("Who built it?")
    first = await question_vector(embedder, given)
    monkeypatch.setattr(asyncio, "to_thread", lambda *_: pytest.fail("a thread for a known vector"))
    again = await question_vector(embedder, given)
    assert again.tolist() == first.tolist()


class Reader(FakeEmbedder):
    """Loads a tokenizer to learn whether it can read a text, and notes where."""

    def reads(self, text):
        self.where = threading.current_thread()
        return "é" not in text


async def test_a_tokenizer_is_not_loaded_in_the_event_loop():
    embedder = Reader(size=8)
    assert await question_vector(embedder, context("Wer baute die Brücke?")) is not None
    assert embedder.where is not threading.current_thread()
    embedder.embed(["Qui a bâti l'église ?"])  # its vector is known, but not of use
    assert await question_vector(embedder, context("Qui a bâti l'église ?")) is None
    assert await question_vector(embedder, context("à Évreux, é")) is None
    assert embedder.asked == ["Wer baute die Brücke?", "Qui a bâti l'église ?"]
