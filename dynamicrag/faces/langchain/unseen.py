"""Hides the chosen model's run from callbacks, tracers and counters, which see the run of the routed model.

Otherwise every token of a routed call would be streamed, traced and counted twice. The callbacks of the
model object itself stay.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers import context as tracers
from langsmith import tracing_context

from dynamicrag.faces.langchain.watch import Watch

__all__ = ["asilent", "silent", "unseen"]

T = TypeVar("T")
_END: Any = object()


@contextmanager
def unseen() -> Iterator[None]:
    """Hide the model runs that begin in this context; the account sees them."""
    with ExitStack() as stack:
        stack.enter_context(tracing_context(enabled=False))
        for variable in _hooks():
            if variable.get(None) is not None and not isinstance(variable.get(None), Watch):
                stack.callback(variable.reset, variable.set(None))
        yield


def silent(begin: Callable[[], Iterator[T]]) -> Generator[T]:
    """Yield the chunks of an unseen model run."""
    with unseen():
        chunks = begin()
        first = next(chunks, _END)  # the run begins with the first chunk
    if first is not _END:
        yield first
        yield from chunks


async def asilent(begin: Callable[[], AsyncGenerator[T]]) -> AsyncGenerator[T]:
    """Yield the chunks of an unseen model run."""
    async with aclosing(begin()) as chunks:
        with unseen():
            first = await anext(chunks, _END)
        if first is not _END:
            yield first
        async for chunk in chunks:
            yield chunk


def _hooks() -> list[ContextVar[Any]]:
    """Return the variables from which LangChain takes the handlers of all runs in a context."""
    return [var_child_runnable_config, *(hook[0] for hook in getattr(tracers, "_configure_hooks", []))]
