"""Meters the watched calls of models on a server of this host.

Callbacks run in the event loop, so they only start the readings; the attempt waits for these at its end.
"""

import asyncio
from concurrent.futures import Future
from typing import TYPE_CHECKING

from dynamicrag.cost.servers.call import ServerCall, server_call
from dynamicrag.cost.servers.meter import Consumed
from dynamicrag.cost.usage import Tokens

if TYPE_CHECKING:
    from dynamicrag.cost.ledger import Ledger
    from dynamicrag.cost.line import Line
    from dynamicrag.policy.assembly import Pipeline

__all__ = ["Served"]


class Served:
    """The calls of one attempt to servers on this host."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self._pipeline = pipeline
        self._open: dict[Line, ServerCall] = {}
        self._ended: list[tuple[Line, ServerCall, Future[Consumed | None]]] = []

    async def ready(self, name: str) -> None:
        """Look for the server of an option, so that the begin of its call is read at once."""
        call = self._call(name)
        if call is not None:
            await call.ready()

    def begin(self, line: "Line") -> None:
        """Begin a call; does not wait."""
        call = self._call(line.label)
        if call is not None:
            call.start()
            self._open[line] = call

    def end(self, line: "Line", tokens: Tokens) -> None:
        """End a call; does not wait."""
        call = self._open.pop(line, None)
        ended = None if call is None else call.ending(tokens, line.profile.active_billions)
        if call is not None and ended is not None:
            self._ended.append((line, call, ended))

    async def settled(self, ledger: "Ledger") -> None:
        """Wait for the readings of the ended calls, and book them on their lines."""
        for line, call, ended in self._ended:
            await asyncio.wait([asyncio.wrap_future(ended)])  # a cancelled wait leaves the reading alone
            if not line.closed:
                line.usage, line.unmetered = (ended.result() or Consumed()).added(line.usage), call.reason
                line.priced = None
                line.booked = ledger.line_cost(line)
        self._ended.clear()

    def _call(self, name: str) -> ServerCall | None:
        model = self._pipeline.models.get(name)
        if model is None or model.runs != "same_host" or model.address is None:
            return None
        return server_call(model.address, model.spec)
