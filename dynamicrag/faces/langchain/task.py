"""A task: one question, and all model calls made for it outside the graph."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from dynamicrag import portal
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.tries import Tries
from dynamicrag.faces.langchain.under_way import UnderWay

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T")


class Task(UnderWay):
    """One question, and the model calls made for it. Made by ``Routing.task``; for one caller at a time."""

    def call(self, request: Request, invoke: "Callable[[BaseChatModel], T]") -> T:
        """Choose a model, reserve the worst case, call ``invoke`` with its client, and book the usage.

        Model calls within ``invoke`` are seen by a callback, so that failed calls and calls of other models
        are booked too. If the model fails, another option of the policy takes over.

        Args:
            request: The call, for the decision and the reservation.
            invoke: Makes the call with the chosen client: the user's own object where the policy has one.

        Raises:
            PolicyError: No model of the policy can call tools, and the request has some.
            BudgetExceeded: No open model fits the remaining budget.
            ModelError: The call failed, and no other model is left.
        """
        with self.working():
            tries = Tries(self, request)
            while True:
                attempt = portal.run(tries.begin())
                try:
                    with attempt.watch.watching():
                        result = invoke(attempt.client)
                except BaseException as error:  # noqa: BLE001 - raised again unless a model failed
                    portal.run(tries.failed(error))
                else:
                    portal.run(tries.worked())
                    return result

    async def acall(self, request: Request, invoke: "Callable[[BaseChatModel], Awaitable[T]]") -> T:
        """As :meth:`call`; a limit in seconds ends the call in time."""
        with self.working():
            tries = Tries(self, request)
            while True:
                attempt = await tries.begin()
                try:
                    with attempt.watch.watching():
                        result = await attempt.in_time(invoke(attempt.client))
                except BaseException as error:  # noqa: BLE001 - raised again unless a model failed
                    await tries.failed(error)
                else:
                    await tries.worked()
                    return result

    def stream(self, request: Request, stream: "Callable[[BaseChatModel], Generator[T]]") -> Iterator[T]:
        """As :meth:`call`, for a streamed reply. Another model takes over only before the first chunk.

        A limit in seconds ends the stream with the next chunk.
        """
        context = copy_context()  # a generator must not leave its variables in its caller's context
        working, tries = self.working(), Tries(self, request)
        context.run(working.__enter__)
        try:
            while True:
                started, attempt = False, context.run(portal.run, tries.begin())
                watching = attempt.watch.watching()
                context.run(watching.__enter__)
                try:
                    chunks = context.run(stream, attempt.client)
                    try:
                        while (chunk := context.run(next, chunks, _END)) is not _END:
                            attempt.check_time()
                            started = True
                            yield chunk
                    finally:
                        context.run(chunks.close)
                except BaseException as error:
                    if started:
                        raise
                    context.run(portal.run, tries.failed(error))
                else:
                    context.run(portal.run, tries.worked())
                    break
                finally:
                    context.run(watching.__exit__, None, None, None)
        except BaseException as error:
            try:
                context.run(portal.run, tries.close())
            finally:
                context.run(_raise_into, working, error)
            raise
        context.run(working.__exit__, None, None, None)

    async def astream(
        self, request: Request, stream: "Callable[[BaseChatModel], AsyncGenerator[T]]"
    ) -> AsyncIterator[T]:
        """As :meth:`stream`; a limit in seconds ends the stream in time."""
        context = copy_context()
        working, tries = self.working(), Tries(self, request)
        context.run(working.__enter__)
        try:
            while True:
                started, attempt = False, await _within(context, tries.begin())
                watching = attempt.watch.watching()
                context.run(watching.__enter__)
                try:
                    chunks = context.run(stream, attempt.client)
                    try:
                        while (chunk := await attempt.in_time(_within(context, _next(chunks)))) is not _END:
                            started = True
                            yield chunk
                    finally:
                        await _within(context, chunks.aclose())
                except BaseException as error:
                    if started:
                        raise
                    await tries.failed(error)
                else:
                    await tries.worked()
                    break
                finally:
                    context.run(watching.__exit__, None, None, None)
        except BaseException as error:
            try:
                await tries.close()  # also if the caller was cancelled when its attempt had just begun
            finally:
                context.run(_raise_into, working, error)
            raise
        context.run(working.__exit__, None, None, None)


_END: Any = object()


async def _next(chunks: AsyncIterator[T]) -> T:
    return await anext(chunks, _END)


async def _within(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Await work in a context of its own."""
    return await asyncio.get_running_loop().create_task(work, context=context)


def _raise_into(working: Any, error: BaseException) -> None:
    working.__exit__(type(error), error, error.__traceback__)
