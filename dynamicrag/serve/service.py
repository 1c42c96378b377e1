"""The state of a running server: the policies, the limits, the metrics, and the queries under way."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.gate import Gate
from dynamicrag.serve.metrics import Metrics
from dynamicrag.serve.settings import Settings

__all__ = ["CANCELLED", "Service"]

CANCELLED = 499
"""Status, in metrics, of a query whose client left, or that a visitor stopped."""
CLOSING_SECONDS = 15.0
"""Longest time for closing the books when the server stops."""

_log = logging.getLogger(__name__)


class Service:
    """Everything that the endpoints of one application share.

    Attributes:
        graph: The compiled graph of all policies.
        gate: The number of queries at a time.
        metrics: The metrics.
        created: Start of the server, in seconds since the epoch.
        stopping: Whether the queries that still run are cancelled since the server stops.
    """

    def __init__(self, rag: DynamicRAG, settings: Settings) -> None:
        self.rag = rag
        self.settings = settings
        self.graph: Any = rag.build_graph().compile()
        self.gate = Gate(settings.concurrency, settings.queue, settings.queue_seconds)
        self.metrics = Metrics(self.gate)
        self.created = int(time.time())
        self.stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._after: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a query; :meth:`close` cancels it if it still runs."""
        return _kept(work, self._tasks)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Start the accounting of a finished query; :meth:`close` waits for it."""
        _kept(work, self._after)

    def measure(self, policy: str, query_id: str, status: int, seconds: float) -> None:
        """Count a query that has ended in the metrics."""
        ledger = self.rag.pipeline.ledger
        usages = [line.usage for line in ledger.account(query_id).lines]
        self.metrics.ended(policy, status, seconds, ledger.cost(query_id), usages)

    async def cancel(self) -> None:
        """Admit no query any more, cancel those that still run, and wait for their end."""
        self.gate.closed = self.stopping = True
        running = list(self._tasks)
        await asyncio.sleep(0)  # a task cancelled before its first step would leave its client waiting
        for task in running:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancel the queries that still run, and close the books. The policies stay open."""
        await self.cancel()
        await self.rag.aflush(CLOSING_SECONDS)
        if self._after:
            _, late = await asyncio.wait(self._after, timeout=CLOSING_SECONDS)
            for task in late:
                task.cancel()


def _kept(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)
    tasks.add(task)  # asyncio itself holds tasks weakly
    task.add_done_callback(lambda done: _ended(done, tasks))
    return task


def _ended(task: asyncio.Task[None], tasks: set[asyncio.Task[None]]) -> None:
    tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a task of the server failed: %r", error)
