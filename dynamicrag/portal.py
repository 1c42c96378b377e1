"""Where asynchronous work runs: model calls on one persistent loop, all else where it is awaited.

Asynchronous clients keep connections that belong to the loop they were opened on; under a fresh
``asyncio.run`` per call the second call dies with "Event loop is closed". So whatever holds a client
goes through ``arun``, to one loop in a thread of its own. ``run`` is for synchronous callers: it
drives a coroutine in the calling thread, on a loop that is kept for the next. ``run_light`` does so
without any loop until the coroutine awaits ``may_wait``, for starting and stopping one costs more than
deciding does. Context variables travel along.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Generator
from contextlib import suppress
from contextvars import Context, copy_context
from types import coroutine
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


@coroutine
def may_wait() -> Generator[None, None, None]:
    """Await this before anything that needs an event loop, in what ``run_light`` may drive."""
    if asyncio._get_running_loop() is None:
        yield


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` and block until it is done; what interrupts the caller cancels it.

    Raises:
        RuntimeError: Called on the shared loop itself, where blocking would never end.
    """
    here = asyncio._get_running_loop()
    if here is None:
        return _drive(work, copy_context())
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


def run_light(work: Coroutine[Any, Any, T]) -> T:
    """Do as ``run``, without an event loop up to where ``work`` awaits ``may_wait``."""
    if asyncio._get_running_loop() is not None:
        return run(work)
    context = copy_context()
    try:
        context.run(work.send, None)
    except StopIteration as done:
        result: T = done.value
        return result
    return _drive(_go_on(work), context)


async def arun(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on the shared loop and await it from any other; cancelling this cancels ``work``."""
    await may_wait()
    loop = _shared_loop()
    if asyncio.get_running_loop() is loop:
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


async def _go_on(work: Coroutine[Any, Any, T]) -> T:
    """Go on with ``work`` from where it stands, which ``await`` refuses to do."""
    return await _steps(work)


@coroutine
def _steps(work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    try:
        waits_for = work.send(None)
        while True:
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - a cancellation; what to do is for work to say
                waits_for = work.throw(error)
            else:
                waits_for = work.send(sent)
    except StopIteration as done:
        result: T = done.value
        return result


def _drive(work: Coroutine[Any, Any, T], context: Context) -> T:
    with _lock:
        _check_fork()
        loop = _idle.pop() if _idle else asyncio.new_event_loop()
    try:
        task = loop.create_task(work, context=context)
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
