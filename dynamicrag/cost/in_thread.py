"""Blocking work in a thread that finishes even if its caller is cancelled.

A closing event loop cancels its tasks, and its executor accepts no more work. Releasing a reservation must
not depend on either, so each piece of work has a plain thread, which the interpreter joins at exit.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

AT_A_TIME = 16

_room = threading.BoundedSemaphore(AT_A_TIME)


async def in_thread(work: Callable[[], T]) -> T:
    """Return the result of ``work``; if the caller is cancelled, the work continues."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def go() -> None:
        try:
            with _room:
                result = work()
        except Exception as error:  # noqa: BLE001 - it is the caller's
            hand_over(outcome.set_exception, error)
        else:
            hand_over(outcome.set_result, result)

    def hand_over(to: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, and no caller waits
            loop.call_soon_threadsafe(lambda: None if outcome.done() else to(value))

    start(go)
    return await outcome


def start(work: Callable[[], object]) -> None:
    """Start a piece of work in the background."""
    threading.Thread(target=work, name="dynamicrag-purse").start()
