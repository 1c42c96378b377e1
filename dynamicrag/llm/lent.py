"""Clients that a caller uses by itself: with tools, schemas and streaming, as LangChain's own.

Open connections belong to the loop that opened them, and a caller may have a fresh loop for each call. So
asynchronous calls of a lent client run on the portal's loop, and its class stays the user's otherwise.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from dynamicrag import portal

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["bridged", "called", "lent"]

T = TypeVar("T")

called: ContextVar[list[None] | None] = ContextVar("dynamicrag_called", default=None)
"""A list that gets an item for each call of a lent client in the context; callbacks may not tell of it."""


class _End:
    """Ends a stream: with an error, or properly."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def lent(client: "BaseChatModel") -> "BaseChatModel":
    """Make a client's asynchronous calls run on the portal's loop, and return it."""
    if type(client) not in _made:
        object.__setattr__(client, "__class__", _on_portal(type(client)))
    return client


_made: set[type] = set()


@cache
def _on_portal(kind: Any) -> type:
    """Return a subclass of a chat model's class, with the same name, for traces."""

    class Lent(kind):  # type: ignore[misc]
        def invoke(self, *args: Any, **kwargs: Any) -> Any:
            _note()
            return kind.invoke(self, *args, **kwargs)

        def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            _note()
            yield from kind.stream(self, *args, **kwargs)

        async def ainvoke(self, *args: Any, **kwargs: Any) -> Any:
            _note()
            return await portal.arun(kind.ainvoke(self, *args, **kwargs))

        async def astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            _note()
            async for chunk in bridged(kind.astream(self, *args, **kwargs)):
                yield chunk

    Lent.__name__, Lent.__qualname__, Lent.__module__ = kind.__name__, kind.__qualname__, kind.__module__
    Lent.__doc__ = kind.__doc__
    _made.add(Lent)
    return Lent


def _note() -> None:
    calls = called.get()
    if calls is not None:
        calls.append(None)


async def bridged(chunks: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield the items of an iterator that runs on the portal's loop; leaving early stops it there."""
    here = asyncio.get_running_loop()
    queue: asyncio.Queue[T | _End] = asyncio.Queue()

    def put(item: T | _End) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            here.call_soon_threadsafe(queue.put_nowait, item)

    async def pump() -> None:
        try:
            async for chunk in chunks:
                put(chunk)
        except Exception as error:  # noqa: BLE001 - it is the caller's
            put(_End(error))
        except asyncio.CancelledError as error:  # a client may raise it by itself
            put(_End(error))
            raise
        else:
            put(_End())

    task = asyncio.ensure_future(portal.arun(pump()))
    try:
        while not isinstance(item := await queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        task.cancel()
        await asyncio.wait([task])
