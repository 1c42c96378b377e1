"""Where asynchronous work runs: model calls on one persistent loop, all else where it is awaited.

Asynchronous clients keep connections that belong to the loop they were opened on; under a fresh
``asyncio.run`` per call the second call dies with "Event loop is closed". So whatever holds a client
goes through ``arun``, to one loop in a thread of its own. ``run`` is for synchronous callers: it
drives a coroutine in the calling thread, on a loop that is kept for the next; to start and stop that for
every node takes 15 µs each, 2 % of the instructions of a graph that does nothing else. Context variables
travel along.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_idle: list[asyncio.AbstractEventLoop] = []
_pid = 0


def _check_fork() -> None:
    global _loop, _idle, _pid
    if _pid != os.getpid():  # threads do not survive a fork, and its loops are the parent's
        _loop, _idle, _pid = None, [], os.getpid()


def _shared_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        _check_fork()
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="dynamicrag", daemon=True).start()
        return _loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` and block until it is done; what interrupts the caller cancels it.

    Raises:
        RuntimeError: Called on the shared loop itself, where blocking would never end.
    """
    here = asyncio._get_running_loop()
    if here is None:
        return _drive(work)
    loop = _shared_loop()
    if here is loop:
        work.close()
        raise RuntimeError("portal.run was called on the portal's own loop; await portal.arun there")
    # this thread has a loop that runs (a notebook's): another thread's must do the work
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C in the caller must not leave the work running
        raise


async def arun(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on the shared loop and await it from any other; cancelling this cancels ``work``."""
    loop = _shared_loop()
    if asyncio.get_running_loop() is loop:
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


def _drive(work: Coroutine[Any, Any, T]) -> T:
    with _lock:
        _check_fork()
        loop = _idle.pop() if _idle else asyncio.new_event_loop()
    try:
        task = loop.create_task(work)
        try:
            return loop.run_until_complete(task)
        except BaseException:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    loop.run_until_complete(task)
            raise
    finally:
        with _lock:
            _idle.append(loop)
