"""The embedding of a question, where routers need it."""

import asyncio

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
