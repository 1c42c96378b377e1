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
    from dynamicrag.records import Decision
    from dynamicrag.turn import TurnState


@dataclass(slots=True)
class Tries:
    """The attempts at one call.

    Attributes:
        task: The task.
        request: The call.
        errors: The options that have failed, with their errors.
        waits: Number of waits for the only model.
        attempt: The attempt under way, which holds a reservation.
    """

    task: UnderWay
    request: Request
    errors: dict[str, Exception] = field(default_factory=dict)
    waits: int = 0
    attempt: Attempt | None = None

    async def begin(self) -> Attempt:
        """Choose a model, reserve the worst case, and return the attempt.

        A caller that is cancelled meanwhile leaves no reservation behind.
        """
        try:
            return await portal.arun(self._begin())
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the attempt under way, if there is one."""
        attempt, self.attempt = self.attempt, None
        if attempt is not None:
            await attempt.close(self.task.run)

    async def _begin(self) -> Attempt:
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
                self.attempt = await begin(task.pipeline, run, task.query_id, chosen, self.request, most)
            except (ModelError, BudgetExceeded) as error:
                self.errors[chosen] = error
            else:
                for decision in made:
                    task.run.emit({"type": "decision", **decision})
                task.take(turn, made)
                return self.attempt

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

    async def failed(self, error: BaseException) -> None:
        """Close the failed attempt; return if another one may help, else raise its error.

        Raises:
            BaseException: The error is not a model's, or no other model is left.
        """
        task, attempt = self.task, self.attempt
        await self.close()
        if isinstance(error, GraphBubbleUp | BudgetExceeded) or not isinstance(error, Exception):
            raise error
        if attempt is None or attempt.watch.error is None:
            raise error
        chosen, model = task.turn["path"][STAGE], attempt.model
        refusal = attempt.watch.failures.get(chosen)
        if refusal is not None and model.sends_less(attempt.client, refusal):
            return
        failure = self._noted(attempt).get(chosen) or provider_error(model.name, model.spec, error)
        self.errors[chosen] = failure
        if any(await task.choosing.open(self.request, task.run, self.errors)):
            return
        if not await pause(failure, self.waits, model, task.run, task.query_id):
            raise failure from error
        self.waits += 1
        self.errors.clear()

    async def worked(self) -> None:
        """Close the attempt, which gave a reply."""
        attempt = self.attempt
        assert attempt is not None, "it gave a reply"
        await self.close()
        self._noted(attempt)
        answered = next((line for line in reversed(attempt.watch.lines) if not line.failed), None)
        if answered is not None:
            self.task.answered_by = name = answered.label
            if name in self.task.pipeline.models:
                self.task.pipeline.models[name].outage.worked()
                if self.request.with_tools:
                    self.task.choosing.capable.worked(name)

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
