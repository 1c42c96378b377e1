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

WATCHED = (0.03, 0.1, 0.4, 2.0)
"""Pauses between looks at the connections of a server that may only forward, in seconds."""
NOBODY = Tokens(0, 0, 0, assumed=False)

_lock = threading.Lock()
_threads: dict[int, ThreadPoolExecutor] = {}


def server_call(address: Address, spec: str) -> "ServerCall":
    """Return a call to a model of the server at an address, not yet begun."""
    return ServerCall(server_meter(address), spec)


class ServerCall:
    """One call to a server, from its begin to its end; an asynchronous context around the request."""

    def __init__(self, meter: ServerMeter, spec: str) -> None:
        self._meter = meter
        self._model = f"{spec} at {meter.address}"
        self._begun: Future[Begun | None] | None = None
        self._watch: threading.Timer | None = None
        self._reason: str | None = None

    @property
    def reason(self) -> str:
        """The reason why the call is not metered; empty if it is. Before its end, that of the server."""
        return self._meter.reason if self._reason is None else self._reason

    async def ready(self) -> None:
        """Look for the server before the call."""
        looked = self._submit(self._meter.look)
        if looked is not None:
            await asyncio.wait([asyncio.wrap_future(looked)])

    def start(self) -> None:
        """Begin the call without waiting; ends with :meth:`ending`."""
        self._begun = self._submit(self._begin)

    def ending(self, tokens: Tokens, billions: float | None = None) -> "Future[Consumed | None] | None":
        """End the call, as :meth:`end`, and return its share to come.

        Returns:
            The share; ``None`` while the interpreter shuts down.
        """
        return self._submit(lambda: self._end(tokens, billions))

    def begin(self) -> None:
        """Begin the call; ends with :meth:`finish`. Blocks."""
        self.start()
        if self._begun is not None:
            self._begun.result()

    def finish(self, tokens: Tokens, billions: float | None = None) -> Consumed:
        """End the call and return its share, as :meth:`end`. Blocks."""
        ended = self.ending(tokens, billions)
        return NOTHING if ended is None else ended.result() or NOTHING

    async def __aenter__(self) -> "ServerCall":
        """Begin the call."""
        self.start()
        if self._begun is not None:
            try:
                await asyncio.wait([asyncio.wrap_future(self._begun)])
            except BaseException:
                self._submit(lambda: self._end(NOBODY))
                raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Do nothing: the call ends when its tokens are known."""

    async def end(self, tokens: Tokens, billions: float | None = None) -> Consumed:
        """End the call and return its share; none for a call that reached nobody.

        ``billions`` are the active parameters of the model, if known.
        """
        ended = self.ending(tokens, billions)
        if ended is None:
            return NOTHING
        consumed: Consumed | None = await asyncio.wrap_future(ended)
        return consumed or NOTHING

    def _begin(self) -> Begun | None:
        begun = self._meter.begin()
        if begun is not None and self._meter.doubtful:
            self._look_on(*WATCHED)
        return begun

    def _look_on(self, seconds: float, *later: float) -> None:
        """Note some time after the begin, and again later, whom the server is connected to."""

        def watched() -> None:
            self._submit(self._meter.watch)
            if later and self._watch is timer:
                self._look_on(*later)

        self._watch = timer = threading.Timer(seconds, watched)
        timer.daemon = True
        timer.start()

    def _end(self, tokens: Tokens, billions: float | None = None) -> Consumed:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
        begun = self._begun.result() if self._begun is not None else None  # begun in this thread before
        answered = bool(tokens.input or tokens.output)
        if begun is None:
            self._reason = self._meter.unmetered(None) if answered else self._meter.reason
            return NOTHING
        consumed = self._meter.end(begun, self._model, tokens, billions)
        self._reason = self._meter.unmetered(begun) if answered and consumed == NOTHING else ""
        return consumed

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
