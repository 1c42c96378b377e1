"""The attempts at one call of a task: choose, reserve, and take another option after a failure."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from langgraph.errors import GraphBubbleUp

from dynamicrag import portal
from dynamicrag.errors import BudgetExceeded, ModelError
from dynamicrag.faces.langchain.attempt import Attempt, begin
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.under_way import UnderWay
from dynamicrag.faces.langchain.watch import STAGE
from dynamicrag.llm.failures import is_outage, provider_error
from dynamicrag.stages.call import pause
from dynamicrag.stages.decisions import decided

if TYPE_CHECKING:
    from dynamicrag.types import Decision, TurnState


@dataclass(slots=True)
class Tries:
    """The attempts at one call.

    Attributes:
        task: The task.
        request: The call.
        errors: The options that have failed, with their errors.
        waits: Number of waits for the only model.
    """

    task: UnderWay
    request: Request
    errors: dict[str, Exception] = field(default_factory=dict)
    waits: int = 0

    async def begin(self) -> Attempt:
        """Choose a model, reserve the worst case, and return the attempt.

        A caller that is cancelled meanwhile leaves no reservation behind.
        """
        begun: list[Attempt] = []
        try:
            await portal.arun(self._begin(begun))
        except BaseException:
            for attempt in begun:
                await attempt.close(self.task.run)
            raise
        return begun[0]

    async def _begin(self, begun: list[Attempt]) -> None:
        """Decide and reserve, until an option admits the call. Runs on the portal's loop.

        If none does, no model is called, so none of the decisions is kept.
        """
        task, made = self.task, list["Decision"]()
        await task.catch_up()
        turn = task.turn
        while True:
            run = replace(task.run, last_resort=self.waits > 0)
            open_ = await task.choosing.open(self.request, run, self.errors)
            if not any(open_):
                raise next(iter(self.errors.values()))
            made.append(await self._decide(turn, made, open_))
            turn, chosen = decided(turn, made[-1]), made[-1]["chosen"]
            most = task.choosing.most_output(chosen, self.request, run)
            try:
                begun.append(await begin(task.pipeline, run, task.query_id, chosen, self.request, most))
            except (ModelError, BudgetExceeded) as error:
                self.errors[chosen] = error
            else:
                for decision in made:
                    task.run.emit({"type": "decision", **decision})
                task.take(turn, made)
                return

    async def _decide(self, turn: "TurnState", made: "list[Decision]", open_: list[bool]) -> "Decision":
        task = self.task
        own = [each for each in [*task.decisions, *made] if each["stage"] == STAGE]
        before = own[-1] if own else None
        decision = await task.choosing.decide(turn, self.request, task.run, open_, task.lines, before)
        if self.errors:
            last = [*self.errors.values()][-1]
            why = "too expensive" if isinstance(last, BudgetExceeded) else "after failure"
            decision = {**decision, "router": "fallback", "reason": f"{why}: {last}"}
        return decision

    async def failed(self, attempt: Attempt, error: BaseException) -> None:
        """Close a failed attempt; return if another one may help, else raise its error.

        Raises:
            BaseException: The error is not a model's, or no other model is left.
        """
        task = self.task
        await attempt.close(task.run)
        if isinstance(error, GraphBubbleUp) or not isinstance(error, Exception):
            raise error
        chosen, late = task.turn["path"][STAGE], isinstance(error, TimeoutError)
        model = task.pipeline.models[chosen]
        if late and attempt.seconds is not None:
            raise BudgetExceeded(
                f"objective.budget.per_query.seconds: model {model.name} had no answer in the "
                f"{attempt.seconds:.3g} s that it had; raise the limit, or use a faster model"
            ) from error
        if attempt.watch.error is None:
            raise error
        failure = self._noted(attempt).get(chosen) or provider_error(model.name, model.spec, error)
        self.errors[chosen] = failure
        if any(await task.choosing.open(self.request, task.run, self.errors)):
            return
        if not await pause(failure, self.waits, model, task.run, task.query_id):
            raise failure from error
        self.waits += 1
        self.errors.clear()

    async def worked(self, attempt: Attempt) -> None:
        """Close an attempt that gave a reply."""
        await attempt.close(self.task.run)
        self._noted(attempt)
        answered = next((line for line in reversed(attempt.watch.lines) if not line.failed), None)
        if answered is not None:
            self.task.answered_by = answered.label
            if answered.label in self.task.pipeline.models:
                self.task.pipeline.models[answered.label].outage.worked()

    def _noted(self, attempt: Attempt) -> dict[str, ModelError]:
        """Learn from the failed calls of an attempt: outages, and refusals of tools."""
        noted = {}
        for name, error in attempt.watch.failures.items():
            model = self.task.pipeline.models[name]
            failure = noted[name] = provider_error(model.name, model.spec, error)
            refused = self.request.with_tools and self.task.choosing.capable.learn(name, error)
            if not refused and is_outage(failure, error):
                model.outage.failed(str(failure), failure.retry_after or None)
        return noted
