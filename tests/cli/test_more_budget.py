"""The request for more budget at the terminal: a cancelled wait ends without a further key."""

import asyncio
import threading

import pytest
from rich.console import Console

from dynamicrag.cli import more_budget

REQUEST = {"message": "Nothing left.", "offers": [{"sentence": "$1 more"}]}


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(more_budget, "at_terminal", lambda: True)


def test_a_cancelled_wait_ends_at_once(terminal, monkeypatch):
    reading, key = threading.Event(), threading.Event()

    def read(_prompt):
        reading.set()
        assert key.wait(20)
        return "y"

    monkeypatch.setattr("builtins.input", read)

    async def cancelled():
        task = asyncio.create_task(more_budget.aconfirmed(Console(quiet=True), REQUEST))
        while not reading.is_set():  # noqa: ASYNC110 - it is set in a thread
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())  # closing the loop waits for no thread either
    assert not key.is_set()
    key.set()


@pytest.mark.parametrize(("said", "granted"), [("y", True), ("", False)])
def test_the_answer_is_read(terminal, monkeypatch, said, granted):
    monkeypatch.setattr("builtins.input", lambda _prompt: said)
    assert asyncio.run(more_budget.aconfirmed(Console(quiet=True), REQUEST)) is granted
