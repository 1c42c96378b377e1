"""The number of queries at a time, and the queue before them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from dynamicrag.serve.errors import Refused

__all__ = ["Gate"]


class Gate:
    """Admits queries: some run, some wait in order, further ones are refused.

    Attributes:
        closed: Whether the server stops, and admits no more queries.
        admitted: Number of queries that run or wait.
        running: Number of queries that run.
    """

    def __init__(self, concurrency: int, queue: int, seconds: float) -> None:
        self._most = concurrency + queue
        self._seconds = seconds
        self._places = asyncio.Semaphore(concurrency)
        self.closed = False
        self.admitted = 0
        self.running = 0

    @contextmanager
    def admission(self) -> Iterator[None]:
        """Count a query while it runs or waits.

        Raises:
            Refused: The queue is full, or the server stops.
        """
        if self.closed:
            raise _busy(503, "The server is stopping.", None)
        if self.admitted >= self._most:
            raise _busy(429, "Too many requests at a time. Retry later.", "rate_limit_exceeded")
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it.

        Raises:
            Refused: The wait was too long.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            why = f"The request waited {self._seconds:g} s for its turn. Retry later."
            raise _busy(503, why, "overloaded") from None
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._places.release()


def _busy(status: int, message: str, code: str | None) -> Refused:
    kind = "requests" if status == 429 else "server_error"
    return Refused(status, message, kind, code, headers={"retry-after": "2"})
