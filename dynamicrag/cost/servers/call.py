"""One call to a model server on this host, metered off the event loop.

Reading processes and the file takes some milliseconds and may block, so one thread does it for all servers.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import psutil

from dynamicrag.cost.servers.find import Unseen
from dynamicrag.cost.servers.meter import NOTHING, Begun, Consumed, ServerMeter, server_meter
from dynamicrag.cost.usage import Tokens
from dynamicrag.whereabouts import Address

__all__ = ["ServerCall", "server_call"]

T = TypeVar("T")

NOBODY = Tokens(0, 0, 0, assumed=False)

_lock = threading.Lock()
_threads: dict[int, ThreadPoolExecutor] = {}


def server_call(address: Address, spec: str) -> "ServerCall":
    """Return a call to a model of the server at an address, not yet begun."""
    return ServerCall(server_meter(address), spec)


class ServerCall:
    """One call to a server, from its begin to its end; an asynchronous context around the request.

    Args:
        meter: The server's meter.
        spec: The model, ``provider:model``.
    """

    def __init__(self, meter: ServerMeter, spec: str) -> None:
        self._meter = meter
        self._model = f"{spec} at {meter.address}"
        self._begun: Future[Begun | None] | None = None

    @property
    def reason(self) -> str:
        """The reason why the server cannot be metered; empty if it can."""
        return self._meter.reason

    def begin(self) -> None:
        """Begin the call; ends with :meth:`finish`. Blocks."""
        self._begun = self._submit(self._meter.begin)
        if self._begun is not None:
            self._begun.result()

    def finish(self, tokens: Tokens) -> Consumed:
        """End the call and return its share, as :meth:`end`. Blocks."""
        ended = self._submit(lambda: self._end(tokens))
        return NOTHING if ended is None else ended.result() or NOTHING

    async def __aenter__(self) -> "ServerCall":
        """Begin the call."""
        self._begun = self._submit(self._meter.begin)
        if self._begun is not None:
            try:
                await asyncio.wait([asyncio.wrap_future(self._begun)])
            except BaseException:
                self._submit(lambda: self._end(NOBODY))
                raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Do nothing: the call ends when its tokens are known."""

    async def end(self, tokens: Tokens) -> Consumed:
        """End the call and return its share; none for a call that reached nobody."""
        ended = self._submit(lambda: self._end(tokens))
        if ended is None:
            return NOTHING
        consumed: Consumed | None = await asyncio.wrap_future(ended)
        return consumed or NOTHING

    def _end(self, tokens: Tokens) -> Consumed:
        begun = self._begun.result() if self._begun is not None else None  # begun in this thread before
        return NOTHING if begun is None else self._meter.end(begun, self._model, tokens)

    def _submit(self, work: Callable[[], T]) -> "Future[T | None] | None":
        """Start work in the thread for servers; ``None`` while the interpreter shuts down."""

        def guarded() -> T | None:
            try:
                return work()
            except (psutil.Error, Unseen, sqlite3.Error, OSError) as error:
                self._meter.failed(error)
                return None

        try:
            return _thread().submit(guarded)
        except RuntimeError:
            return None


def _thread() -> ThreadPoolExecutor:
    """Return the thread of this process that reads servers."""
    with _lock:
        if os.getpid() not in _threads:
            _threads[os.getpid()] = ThreadPoolExecutor(1, "dynamicrag-servers")
        return _threads[os.getpid()]
