"""Detects ``data: [DONE]``, the last line of a stream in OpenAI's protocol, which OpenAI's client hides.

A server without ``finish_reason`` still ends a complete answer with it. A connection that breaks off
omits it.
"""

from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

__all__ = ["on_done", "watch"]

_seen: ContextVar[Callable[[], None] | None] = ContextVar("dynamicrag_done", default=None)


def on_done(act: Callable[[], None]) -> None:
    """Call ``act`` at the end of every stream read from now on in this task."""
    _seen.set(act)


def watch(client: Any) -> None:
    """Make a LangChain client detect the end of its streams, if it is built on OpenAI's client."""
    root = getattr(client, "root_async_client", None)
    make = getattr(root, "_make_sse_decoder", None)
    if root is not None and make is not None:
        root._make_sse_decoder = lambda: _Watched(make())


class _Watched:
    """A decoder of server-sent events that detects the last one."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        """Yield the events."""
        async for event in self._decoder.aiter_bytes(iterator):
            if event.data.startswith("[DONE]") and (act := _seen.get()) is not None:
                act()
            yield event
