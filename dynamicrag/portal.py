"""Runs asynchronous work: model calls on one persistent loop, other work where it is awaited.

Asynchronous clients keep connections that belong to the loop they were opened on; under a fresh
``asyncio.run`` per call the second call dies with "Event loop is closed". So code that uses a client
goes through ``arun``, to one loop in its own thread. ``run`` is for synchronous callers: it drives a
coroutine in the calling thread, on a loop that is kept for reuse; starting and stopping it for every node
takes 15 µs each, 2 % of the instructions of a graph that does nothing else. Context variables are
propagated.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")

CLEANING_SECONDS = 5.0
"""Longest wait in seconds of a cancelled caller for the end of its work."""

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_idle: list[asyncio.AbstractEventLoop] = []
_pid = 0


def _check_fork() -> None:
    global _loop, _idle, _pid
    if _pid != os.getpid():  # threads do not survive a fork, and its loops belong to the parent
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
    """Run ``work`` and block until it is done; an interrupt of the caller cancels it.

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
    # this thread has a running loop (a notebook): use the loop of another thread
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C in the caller must not leave the work running
        raise


async def arun(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on the shared loop and await it from any other.

    Cancelling this cancels ``work`` and waits for its end, because it may have reservations to release. A
    caller that is cancelled twice, or whose loop closes, no longer waits; the work still ends, because the
    shared loop never closes.
    """
    loop, here = _shared_loop(), asyncio.get_running_loop()
    if here is loop:
        return await work
    job, done = _Job(work, loop), asyncio.Event()
    job.then(partial(_wake, here, done))
    try:
        await done.wait()
    except asyncio.CancelledError:
        job.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEANING_SECONDS):
                await done.wait()
        raise
    return job.result()


class _Job(Generic[T]):
    """Work on the shared loop. No other loop can stop it: it ends by itself or by :meth:`cancel`."""

    def __init__(self, work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[T] | None = None
        loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work)

    def then(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` on the shared loop when the work has ended, in success or failure."""
        self._loop.call_soon_threadsafe(lambda: self._begun.add_done_callback(lambda _: callback()))

    def cancel(self) -> None:
        """Cancel the work."""
        self._loop.call_soon_threadsafe(lambda: self._begun.cancel())

    def result(self) -> T:
        """Return the result of the finished work."""
        return self._begun.result()

    @property
    def _begun(self) -> asyncio.Task[T]:
        assert self._task is not None, "what is called on the loop comes in order, and the start came first"
        return self._task


def _wake(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    with suppress(RuntimeError):  # its loop is closed: no caller waits
        loop.call_soon_threadsafe(done.set)


def _drive(work: Coroutine[Any, Any, T]) -> T:
    with _lock:
        _check_fork()
        loop = _idle.pop() if _idle else asyncio.new_event_loop()
    try:
        task = loop.create_task(work)
        stop = loop.call_soon(loop.stop)  # after the task's first step, which suffices if nothing waits
        try:
            loop.run_forever()
            return task.result() if task.done() else loop.run_until_complete(task)
        except BaseException:
            stop.cancel()
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    loop.run_until_complete(task)
            elif not task.cancelled():
                task.exception()  # retrieved for the caller, so that asyncio does not report it
            raise
    finally:
        with _lock:
            _idle.append(loop)
