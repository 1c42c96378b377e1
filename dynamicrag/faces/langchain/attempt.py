"""One attempt at a call: its model, its reservation, and its calls on the account."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from dynamicrag import portal
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetExceeded
from dynamicrag.faces.langchain.request import Request
from dynamicrag.faces.langchain.seen_call import Limits
from dynamicrag.faces.langchain.watch import Watch
from dynamicrag.stages.call import admit

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from dynamicrag.cost.reservations import Held
    from dynamicrag.llm.chat import ChatModel
    from dynamicrag.policy.assembly import Pipeline
    from dynamicrag.stages.base import Run

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call under way with the chosen model.

    Attributes:
        model: The chosen model.
        client: Its client.
        watch: Books its calls.
        reservation: The reservation, entered.
        held: As the reservation returned it.
        seconds: The seconds that the budget leaves; ``None`` without a limit.
        began: Its start, on ``time.monotonic``.
    """

    model: "ChatModel"
    client: "BaseChatModel"
    watch: Watch
    reservation: "AbstractAsyncContextManager[Held]"
    held: "Held"
    seconds: float | None
    began: float = field(default_factory=time.monotonic)

    async def in_time(self, work: Awaitable[T]) -> T:
        """Return the result of ``work``, unless the seconds of the query end before.

        Raises:
            BudgetExceeded: They have ended.
        """
        try:
            async with asyncio.timeout(self._left()) as limit:
                return await work
        except TimeoutError as error:
            if not limit.expired():
                raise  # the model's own
            raise self._too_late() from error

    def check_time(self) -> None:
        """Refuse to go on after the seconds of the query.

        Raises:
            BudgetExceeded: They have ended.
        """
        left = self._left()
        if left is not None and left < 0:
            raise self._too_late()

    def _left(self) -> float | None:
        return None if self.seconds is None else self.seconds - (time.monotonic() - self.began)

    def _too_late(self) -> BudgetExceeded:
        return BudgetExceeded(
            f"objective.budget.per_query.seconds: model {self.model.name} had no answer in the "
            f"{self.seconds:.3g} s that it had; raise the limit, or use a faster model"
        )

    async def close(self, run: "Run") -> None:
        """Book calls that are still open, and replace the reservation by the actual cost."""
        try:
            self.watch.close()
            await self.watch.served.settled(run.ledger)
        finally:
            lines = self.watch.lines
            # as booked: the books may be closed already, which adds the difference to the metered cost
            self.held.settle(Cost.total(line.booked or run.ledger.line_cost(line) for line in lines))
            await portal.arun(self._leave())

    async def _leave(self) -> None:
        await self.reservation.__aexit__(None, None, None)


async def begin(
    pipeline: "Pipeline", run: "Run", query_id: str, chosen: str, request: Request, most: int | None
) -> Attempt:
    """Reserve the worst case of a call and return the attempt. Runs on the portal's loop.

    The amount spent is read and the reservation made in one step, so that concurrent calls of a query cannot
    both take the same rest. The reservation ends with the model call: none is held while tools run.

    At most ``most`` tokens are generated, if there is a limit.

    Raises:
        BudgetExceeded: The worst case exceeds the budget.
        ModelError: The model cannot be loaded, or has failed a moment ago.
    """
    model, ledger = pipeline.models[chosen], run.ledger
    admit(model, run)
    with model.outage.preparing():
        own = most is None or most in (request.max_tokens, model.own_limit)
        client = await asyncio.to_thread(model.lend, None if own else most)
        most_input = await request.size.bound(model) if run.budget.limited else None
        worst = run.cost_model.call(chosen, most_input or 0, most or 0)
        watch = Watch(pipeline, query_id, chosen, Limits(most_input, most))
        await watch.served.ready(chosen)
        spent, limit = ledger.spent(query_id), run.budget.per_query.get("seconds")
        seconds = None if limit is None else limit - spent["seconds"]
        if seconds is not None and seconds <= 0:
            raise BudgetExceeded(
                f"objective.budget.per_query.seconds: nothing is left for model {chosen}; raise the limit, "
                "or use faster models"
            )
        reservation = run.budget.reserved(ledger.paid_by(query_id), worst, partial(ledger.spent, query_id))
        held = await reservation.__aenter__()
    return Attempt(model, client, watch, reservation, held, seconds)
