"""Asynchronous twins of blocking methods, and a context manager that closes."""

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.graph.explain import Explanation
from dynamicrag.retrieval.scan import Progress


class Faces(ABC):
    """Asynchronous twins of blocking methods; each runs its twin in a thread."""

    @abstractmethod
    def cost(self, query_id: str, timeout: float = 5.0, scope: Scope = "active") -> Cost:
        """Return the cost of a query."""

    @abstractmethod
    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until the books are closed."""

    @abstractmethod
    def warm(self, progress: Progress | None = None) -> None:
        """Load everything that the first question would wait for."""

    @abstractmethod
    def explain(self, query_id: str, question: str | None = None) -> Explanation:
        """Explain a query."""

    @abstractmethod
    def close(self) -> None:
        """Close the books and release all resources."""

    async def acost(self, query_id: str, timeout: float = 5.0, scope: Scope = "active") -> Cost:  # noqa: ASYNC109
        """As :meth:`cost`."""
        return await asyncio.to_thread(self.cost, query_id, timeout, scope)

    async def aflush(self, timeout: float = 60.0) -> bool:  # noqa: ASYNC109
        """As :meth:`flush`."""
        return await asyncio.to_thread(self.flush, timeout)

    async def awarm(self, progress: Progress | None = None) -> None:
        """As :meth:`warm`; ``progress`` is called in a thread."""
        await asyncio.to_thread(self.warm, progress)

    async def aexplain(self, query_id: str, question: str | None = None) -> Explanation:
        """As :meth:`explain`."""
        return await asyncio.to_thread(self.explain, query_id, question)

    async def aclose(self) -> None:
        """As :meth:`close`."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
