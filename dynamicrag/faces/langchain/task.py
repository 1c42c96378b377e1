"""A task: one question, and all model calls made for it outside the graph."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from langgraph.errors import GraphBubbleUp

from dynamicrag import portal
from dynamicrag.errors import BudgetExceeded, ModelError
from dynamicrag.faces.langchain.attempt import Attempt, begin
from dynamicrag.faces.langchain.choosing import Choosing
from dynamicrag.faces.langchain.finishing import finished
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.watch import STAGE
from dynamicrag.graph.books import Books
from dynamicrag.graph.node import submit
from dynamicrag.llm.failures import is_outage, provider_error
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import pause
from dynamicrag.stages.decisions import decided

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

    from dynamicrag.assembly import Pipeline
    from dynamicrag.graph.channel import Channel
    from dynamicrag.graph.recent import Recent
    from dynamicrag.types import Decision, TurnState

T = TypeVar("T")


@dataclass(slots=True)
class Failures:
    """The options that have failed in one call, and the waits for the only model."""

    errors: dict[str, Exception] = field(default_factory=dict)
    waits: int = 0

    @property
    def first(self) -> Exception:
        """The first failure."""
        return next(iter(self.errors.values()))

    @property
    def last(self) -> Exception | None:
        """The last failure."""
        return next(reversed(self.errors.values()), None)


class Task:
    """One question, and the model calls made for it. Made by ``Routing.task``; for one caller at a time.

    Args:
        pipeline: The policy.
        choosing: Chooses the models.
        recent: Memory of decisions.
        turn: The turn that answers the question.
        channel: Our channel of the state, if the turn is in it.
        run: The ledger, the budget and the options of the call.

    Attributes:
        pipeline: As given.
        run: As given.
        turn: The turn, with the decisions so far in force.
    """

    def __init__(
        self,
        pipeline: "Pipeline",
        choosing: Choosing,
        recent: "Recent",
        turn: "TurnState",
        channel: "Channel | None",
        run: Run,
    ) -> None:
        self.pipeline = pipeline
        self.run = run
        self._choosing = choosing
        self._recent = recent
        self._books = Books(pipeline, turn, channel)
        self.turn = self._books.turn
        self._begun = channel is not None
        decisions = channel["decisions"] if channel else []
        self._before = [each for each in decisions if each["turn"] == turn["id"]]
        self._made: list[Decision] = []
        self._answered = ""

    @property
    def query_id(self) -> str:
        """Its id in the account, the decision log and ``rag.explain``."""
        return self.turn["id"]

    @property
    def decisions(self) -> "list[Decision]":
        """All decisions of the task so far."""
        return [*self._before, *self._made]

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
            failed = Failures()
            while True:
                attempt = portal.run(self._attempt(request, failed))
                try:
                    with attempt.watch.watching():
                        result = invoke(attempt.client)
                except BaseException as error:  # noqa: BLE001 - raised again unless a model failed
                    portal.run(attempt.close(self.run))
                    portal.run(self._failed(attempt, error, request, failed))
                else:
                    portal.run(attempt.close(self.run))
                    self._worked(attempt, request)
                    return result

    async def acall(self, request: Request, invoke: "Callable[[BaseChatModel], Awaitable[T]]") -> T:
        """As :meth:`call`; a limit in seconds ends the call in time."""
        with self.working():
            failed = Failures()
            while True:
                attempt = await self._attempt(request, failed)
                try:
                    with attempt.watch.watching():
                        async with asyncio.timeout(attempt.seconds):
                            result = await invoke(attempt.client)
                except BaseException as error:  # noqa: BLE001 - raised again unless a model failed
                    await attempt.close(self.run)
                    await self._failed(attempt, error, request, failed)
                else:
                    await attempt.close(self.run)
                    self._worked(attempt, request)
                    return result

    def stream(self, request: Request, stream: "Callable[[BaseChatModel], Iterator[T]]") -> Iterator[T]:
        """As :meth:`call`, for a streamed reply. Another model takes over only before the first chunk."""
        context = copy_context()  # a generator must not leave its variables in its caller's context
        working = self.working()
        context.run(working.__enter__)
        try:
            failed = Failures()
            attempt = context.run(portal.run, self._attempt(request, failed))
            while True:
                started = False
                watching = attempt.watch.watching()
                context.run(watching.__enter__)
                try:
                    chunks = context.run(lambda made: iter(stream(made.client)), attempt)
                    while (chunk := context.run(next, chunks, _END)) is not _END:
                        started = True
                        yield chunk
                except BaseException as error:
                    context.run(portal.run, attempt.close(self.run))
                    if started:
                        raise
                    context.run(portal.run, self._failed(attempt, error, request, failed))
                    attempt = context.run(portal.run, self._attempt(request, failed))
                else:
                    context.run(portal.run, attempt.close(self.run))
                    self._worked(attempt, request)
                    break
                finally:
                    context.run(watching.__exit__, None, None, None)
        except BaseException as error:
            context.run(_raise_into, working, error)
            raise
        context.run(working.__exit__, None, None, None)

    async def astream(
        self, request: Request, stream: "Callable[[BaseChatModel], AsyncIterator[T]]"
    ) -> AsyncIterator[T]:
        """As :meth:`stream`."""
        context = copy_context()
        working = self.working()
        context.run(working.__enter__)
        try:
            failed = Failures()
            attempt = await _within(context, self._attempt(request, failed))
            while True:
                started = False
                watching = attempt.watch.watching()
                context.run(watching.__enter__)
                try:
                    chunks = context.run(lambda made: aiter(stream(made.client)), attempt)
                    while (chunk := await _within(context, _next(chunks))) is not _END:
                        started = True
                        yield chunk
                except BaseException as error:
                    await attempt.close(self.run)
                    if started:
                        raise
                    await self._failed(attempt, error, request, failed)
                    attempt = await _within(context, self._attempt(request, failed))
                else:
                    await attempt.close(self.run)
                    self._worked(attempt, request)
                    break
                finally:
                    context.run(watching.__exit__, None, None, None)
        except BaseException as error:
            context.run(_raise_into, working, error)
            raise
        context.run(working.__exit__, None, None, None)

    def about(self) -> dict[str, Any]:
        """Return the facts for ``response_metadata["dynamicrag"]``.

        They are ``query_id``, ``path``, ``model`` (the option that answered last, or the spec of a model that
        is no option), and ``cost`` of the task so far.
        """
        cost = self.run.ledger.total(self._books.lines).figures()
        return {
            "query_id": self.query_id,
            "path": self.turn["path"],
            "model": self._answered or self.turn["path"].get(STAGE, ""),
            "cost": cost,
        }

    def update(self) -> dict[str, Any]:
        """Return the update of our channel since the task was made: plain JSON for the reducer."""
        kept, lines = self._books.close(self.turn)
        begins: dict[str, Any] = {} if self._begun else {"report": {}, "siblings": {}}
        return {"turn": kept, "decisions": self._made, "account": lines, **begins}

    def finish(self, message: "AIMessage | None") -> Mapping[str, Any]:
        """End the task: log its decisions, close its books; return the update of our channel. May block.

        Args:
            message: The final message; ``None`` if there is no answer.
        """
        return portal.run(self.afinish(message))

    async def afinish(self, message: "AIMessage | None") -> Mapping[str, Any]:
        """As :meth:`finish`."""
        self.turn, report = await finished(
            self.pipeline, self.turn, self.decisions, self._books.lines, self.run, message
        )
        return {**self.update(), "report": report}

    @contextmanager
    def working(self) -> Iterator[None]:
        """Account for the work in this context; a failed task is stored with its costs so far."""
        try:
            with self._books:
                yield
        except GraphBubbleUp:
            raise
        except BaseException as error:
            self.failed(error)
            raise

    def failed(self, error: BaseException) -> None:
        """Store the costs so far of a task that may have ended by an error."""
        if self.run.ledger.account(self.query_id).lines:
            facts = {"path": self.turn["path"], "error": type(error).__name__}
            submit(self.pipeline, self.turn, self.run, facts)

    def take(self, turn: "TurnState", made: "list[Decision]") -> None:
        """Put a turn with further decisions in force."""
        self.turn = turn
        self._made += made
        self._recent.put(self.query_id, self.decisions)

    async def _attempt(self, request: Request, failed: "Failures") -> Attempt:
        """Return an attempt; a caller that is cancelled meanwhile leaves no reservation behind."""
        begun: list[Attempt] = []
        try:
            await portal.arun(self._begin(request, failed, begun))
        except BaseException:
            for attempt in begun:
                await attempt.close(self.run)
            raise
        return begun[0]

    async def _begin(self, request: Request, failed: "Failures", begun: list[Attempt]) -> None:
        """Decide and reserve, until an option admits the call. Runs on the portal's loop."""
        if self._books.travelled:
            await self._books.ask()
        while True:
            run = replace(self.run, last_resort=failed.waits > 0)
            open_ = await self._choosing.open(request, run, failed.errors)
            if not any(open_):
                raise failed.first
            decision = await self._decide(request, open_, failed)
            chosen = decision["chosen"]
            most = self._choosing.most_output(chosen, request, run)
            try:
                begun.append(await begin(self.pipeline, run, self.query_id, chosen, request, most))
            except (ModelError, BudgetExceeded) as error:
                failed.errors[chosen] = error
            else:
                return

    async def _decide(self, request: Request, open_: list[bool], failed: "Failures") -> "Decision":
        own = [each for each in self.decisions if each["stage"] == STAGE]
        before = own[-1] if own else None
        lines = self._books.lines
        decision = await self._choosing.decide(self.turn, request, self.run, open_, lines, before)
        if failed.last is not None:
            why = "too expensive" if isinstance(failed.last, BudgetExceeded) else "after failure"
            decision = {**decision, "router": "fallback", "reason": f"{why}: {failed.last}"}
        self.run.emit({"type": "decision", **decision})
        self.take(decided(self.turn, decision), [decision])
        return decision

    async def _failed(
        self, attempt: Attempt, error: BaseException, request: Request, failed: "Failures"
    ) -> None:
        """Note a failed call if another option may take over; else raise its error.

        Raises:
            BaseException: The error is not a model's, or no other model is left.
        """
        chosen, late = self.turn["path"][STAGE], isinstance(error, TimeoutError)
        if isinstance(error, GraphBubbleUp) or not isinstance(error, Exception):
            raise error
        if attempt.watch.error is None and not late:
            raise error
        model = self.pipeline.models[chosen]
        if late and attempt.seconds is not None:
            raise BudgetExceeded(
                f"objective.budget.per_query.seconds: model {model.name} had no answer in the "
                f"{attempt.seconds:.3g} s that it had; raise the limit, or use a faster model"
            ) from error
        failure = self._note_failures(attempt, request).get(chosen) or provider_error(
            model.name, model.spec, error
        )
        failed.errors[chosen] = failure
        if any(await self._choosing.open(request, self.run, failed.errors)):
            return
        if not await pause(failure, failed.waits, model, self.run, self.query_id):
            raise failure from error
        failed.waits += 1
        failed.errors.clear()

    def _note_failures(self, attempt: Attempt, request: Request) -> dict[str, ModelError]:
        """Learn from the failed calls of an attempt: outages, and refusals of tools."""
        noted = {}
        for name, error in attempt.watch.failures.items():
            model = self.pipeline.models[name]
            failure = noted[name] = provider_error(model.name, model.spec, error)
            tools = bool(request.tools or request.structured)
            if not (tools and self._choosing.capable.refused(name, error)) and is_outage(failure, error):
                model.outage.failed(str(failure), failure.retry_after or None)
        return noted

    def _worked(self, attempt: Attempt, request: Request) -> None:
        self._note_failures(attempt, request)
        answered = next((line for line in reversed(attempt.watch.lines) if not line.failed), None)
        if answered is not None:
            self._answered = answered.label
            if answered.label in self.pipeline.models:
                self.pipeline.models[answered.label].outage.worked()


_END: Any = object()


async def _next(chunks: AsyncIterator[T]) -> T:
    return await anext(chunks, _END)


async def _within(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Await work in a context of its own."""
    return await asyncio.get_running_loop().create_task(work, context=context)


def _raise_into(working: Any, error: BaseException) -> None:
    working.__exit__(type(error), error, error.__traceback__)
