"""Blocking work in a thread that comes to its end, whether or not anybody still waits for it.

A loop that closes cancels its tasks, and its executor takes no more work; what gives a reservation back
must depend on neither. So each piece of work has a plain thread, which the interpreter waits for at its end.
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
    """Return what ``work`` returns; if the caller is cancelled, the work goes on."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def go() -> None:
        try:
            with _room:
                result = work()
        except Exception as error:  # noqa: BLE001 - it is the caller's
            tell(outcome.set_exception, error)
        else:
            tell(outcome.set_result, result)

    def tell(how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(lambda: None if outcome.done() else how(what))

    start(go)
    return await outcome


def start(work: Callable[[], object]) -> None:
    """Begin a piece of work that nobody waits for."""
    threading.Thread(target=work, name="dynamicrag-purse").start()
