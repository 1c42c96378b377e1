"""One persistent event loop, in a thread of its own, that all asynchronous work runs on.

Asynchronous clients keep connections that belong to the loop they were opened on; under a fresh
``asyncio.run`` per call the second call dies with "Event loop is closed". So there is one
implementation, asynchronous, on one loop, with two faces: ``run`` for synchronous callers and
``arun`` for callers on a loop of their own. Context variables travel along.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_pid = 0


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _pid
    with _lock:
        if _loop is None or _pid != os.getpid():  # threads do not survive a fork
            _loop, _pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="dynamicrag", daemon=True).start()
        return _loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on the shared loop and block until it is done.

    Raises:
        RuntimeError: Called on the shared loop itself, where blocking would never end.
    """
    loop = _running_loop()
    if asyncio._get_running_loop() is loop:
        work.close()
        raise RuntimeError("portal.run was called on the portal's own loop; await portal.arun there")
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C in the caller must not leave the work running
        raise


async def arun(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` on the shared loop and await it from any other; cancelling this cancels ``work``."""
    loop = _running_loop()
    if asyncio.get_running_loop() is loop:
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))
