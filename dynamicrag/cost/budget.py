"""The limits of a policy, and the part of them that is left.

The worst case of a call is reserved before it; afterwards the actual cost is booked and the rest
returned. So concurrent calls cannot together exceed a limit that each of them respects.
"""

import asyncio
import copy
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, TypeVar

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.open_calls import OpenCalls
from dynamicrag.cost.patience import Passing, moment, too_much
from dynamicrag.cost.purse import MemoryPurse, Purse, Short
from dynamicrag.cost.reservations import Held, Rest, Standing, Taking
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import TotalExceeded

T = TypeVar("T")
Exhausted = Literal["cheapest", "error", "ask"]
"""Behaviour when no option fits a limit per query."""
Limits = Mapping[Dimension, float]

PATIENCE = 30.0
"""Seconds that a call waits for other reservations to be released, if it would then fit."""


class Budget:
    """Limits per query and in total, in the units of their dimensions.

    Args:
        per_query: Limit of one query.
        total: Limit of all queries that share the purse.
        exhausted: Behaviour when no option fits a soft limit per query: ``cheapest`` takes the cheapest
            option and reports the overrun, ``error`` raises. Other limits always hold. ``ask`` raises, and a
            graph with a checkpointer then asks for more.
        purse: The account of the total.
    """

    def __init__(
        self,
        per_query: Limits | None = None,
        total: Limits | None = None,
        exhausted: Exhausted = "cheapest",
        purse: Purse | None = None,
    ) -> None:
        self.per_query: Limits = per_query or {}
        self.total: Limits = total or {}
        self.exhausted = exhausted
        self.purse: Purse = purse or MemoryPurse()
        self._places: Mapping[Dimension, str] = {}
        self._open = OpenCalls()

    @property
    def limited(self) -> frozenset[Dimension]:
        """The dimensions that have a limit."""
        return frozenset({*self.per_query, *self.total})

    def beside(self, per_query: Limits, exhausted: Exhausted) -> "Budget":
        """Return the budget of another policy that spends from the same total."""
        other = copy.copy(self)  # shares the purse and the open reservations
        other.per_query, other.exhausted = per_query, exhausted
        return other

    def of_call(self, call: CallOptions) -> "Budget":
        """Return a view of this budget for one call.

        A limit of the call holds where the policy's is not lower. An amount granted to the query raises the
        limit per query; totals stay as they are.
        """
        if not (call.budget or call.granted):
            return self
        own, policy = call.budget, self.per_query
        less = [d for d in DIMENSIONS if d in own and own[d] < policy.get(d, math.inf)]
        limits = {**policy, **{d: own[d] for d in less}}
        view = copy.copy(self)  # shares the purse and the open reservations
        view.per_query = {d: limit + call.granted.get(d, 0.0) for d, limit in limits.items()}
        view._places = {d: f"the call's budget.{d}" for d in less}
        return view

    def state(self) -> dict[Dimension, Standing]:
        """Return the state of each total. May block."""
        spent, held = self.purse.state()
        return {
            dimension: Standing(limit, spent.get(dimension, 0.0), held.get(dimension, 0.0))
            for dimension, limit in self.total.items()
        }

    async def left(self, query_id: str, spent: Cost) -> dict[Dimension, float]:
        """Return the amount that a query has left for its next step, by limited dimension.

        An overspent dimension has 0 left, not less, so an existing draft can still be accepted.
        """
        left, shared = await self.rest(query_id, spent)
        for dimension, amount in shared.items():
            left[dimension] = min(left.get(dimension, amount), amount)
        return {dimension: max(0.0, amount) for dimension, amount in left.items()}

    async def rest(self, query_id: str, spent: Cost) -> Rest:
        """Return the rest of the query's own limits, and that of the totals."""
        held, shared = self._open.held(query_id), dict[Dimension, float]()
        own = {d: limit - spent[d] - held[d] for d, limit in self.per_query.items()}
        if self.total:
            standings = await self._purse(self.state)
            shared = {d: each.limit - each.spent - each.set_aside for d, each in standings.items()}
        return Rest(own, shared)

    @asynccontextmanager
    async def reserved(
        self, query_id: str, worst: Cost, spent: Cost | Callable[[], Cost]
    ) -> AsyncIterator[Held]:
        """Reserve the worst case of a call while it runs.

        If it would fit without the reservations of other calls, it waits for them. So a caller must not hold
        a reservation of a query while it waits for other calls of that query: agents hold one only during the
        model call, never while tools run. If one does, the wait ends after ``PATIENCE`` seconds.

        Args:
            query_id: The query that makes the call.
            worst: Largest possible cost of the call.
            spent: Cost of the query so far; a function that returns it if the call may wait for other calls
                of the query, because they change it.

        Raises:
            BudgetExceeded: It exceeds the query's remaining budget.
            TotalExceeded: It exceeds the remaining total.
        """
        held = Held(worst)
        await self._hold(query_id, worst, spent)
        try:
            number = await self._take(worst) if self.total else None
            try:
                yield held
            finally:
                if number is not None:
                    actual = {dimension: held.actual[dimension] for dimension in self.total}
                    await self._purse(partial(self.purse.settle, number, actual))
        finally:
            self._open.release(query_id, worst)

    def close(self, final: Cost, booked: Cost) -> None:
        """Correct the booked costs of calls to their final ones, after the meter has reported. May block.

        Money and tokens are only corrected upwards: a cancelled call is charged its worst case, because its
        usage is unknown.
        """
        change = {dimension: final[dimension] - booked[dimension] for dimension in self.total}
        change = {d: max(x, 0.0) if DIMENSIONS[d].hard else x for d, x in change.items()}
        if any(change.values()):
            self.purse.add(change)

    async def _hold(self, query_id: str, worst: Cost, spent: Cost | Callable[[], Cost]) -> None:
        since, all_hard = time.monotonic(), self.exhausted != "cheapest"
        hard = {
            d: limit
            for d, limit in self.per_query.items()
            if d != "seconds" and (all_hard or DIMENSIONS[d].hard)  # a timeout enforces the limit in seconds
        }
        while True:
            try:
                return self._open.hold(query_id, worst, spent, hard, self._places)
            except Passing as passing:
                if not callable(spent) or time.monotonic() - since > PATIENCE:
                    raise passing.exceeded from None
            await moment(since)

    async def worth_waiting(self, since: float, query_id: str = "") -> bool:
        """Wait a moment for other reservations to be released.

        Args:
            since: Begin of the caller's wait, on ``time.monotonic``.
            query_id: The query whose limits the caller waits for, too.

        Returns:
            Whether the caller should check again; ``False`` if nothing is reserved, or after ``PATIENCE``
            seconds.
        """
        if time.monotonic() - since > PATIENCE:
            return False
        beside = bool(self.per_query) and self._open.has(query_id)
        if not beside and not (self.total and any((await self._purse(self.purse.state))[1].values())):
            return False
        await moment(since)
        return True

    async def _take(self, worst: Cost) -> int:
        since = time.monotonic()
        while True:
            try:
                return await self._try(worst)
            except Short as short:
                if not short.passing or time.monotonic() - since > PATIENCE:
                    place = f"objective.budget.total.{short.dimension}"
                    raise TotalExceeded(too_much(place, worst[short.dimension], short.left)) from None
                await self.worth_waiting(since)  # if all were released meanwhile, the next check decides

    async def _try(self, worst: Cost) -> int:
        amounts = {dimension: worst[dimension] for dimension in self.total}
        taking = Taking(partial(self.purse.take, amounts, self.total), self.purse)
        try:
            return await self._purse(taking)
        except asyncio.CancelledError:
            taking.abandon()
            raise

    async def _purse(self, work: Callable[[], T]) -> T:
        return await in_thread(work) if self.purse.blocks else work()
