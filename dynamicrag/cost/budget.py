"""The limits of a policy, and what is left of them.

Before a call its worst case is set aside, after it the actual is booked and the rest returned, so
that calls under way at the same time cannot together overstep a limit that each of them kept.
"""

import asyncio
import copy
import math
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal, TypeVar

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.in_thread import in_thread, start
from dynamicrag.cost.purse import ROUNDING, MemoryPurse, Purse, Short
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import BudgetExceeded, TotalExceeded

T = TypeVar("T")
Limits = Mapping[Dimension, float]

PATIENCE = 30.0
"""Seconds that a call waits for others' reservations to come back, where it would fit then."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a total stands, in the unit of its dimension.

    ``overspent`` can only be more than 0 for what is metered after it was estimated.
    """

    limit: float
    spent: float
    set_aside: float

    @property
    def left(self) -> float:
        """What may still be set aside."""
        return max(0.0, self.limit - self.spent - self.set_aside)

    @property
    def overspent(self) -> float:
        """What was spent beyond the limit."""
        return max(0.0, self.spent - self.limit)

    def as_dict(self) -> dict[str, float]:
        """Return all five figures by name."""
        return {**asdict(self), "left": self.left, "overspent": self.overspent}


class Held:
    """What is set aside for one call. Unless :meth:`settle` says better, all of it was used."""

    def __init__(self, worst: Cost) -> None:
        self.actual = worst

    def settle(self, actual: Cost) -> None:
        """Say what the call cost."""
        self.actual = actual


class Budget:
    """Limits per query and in total, in the units of their dimensions.

    Args:
        per_query: Most that one query may cost.
        total: Most that all queries that share the purse may cost.
        exhausted: What to do when no option fits a soft limit per query: take the ``cheapest`` and report the
            overrun, or raise an ``error``. Other limits always hold.
        purse: Keeps the total.
    """

    def __init__(
        self,
        per_query: Limits | None = None,
        total: Limits | None = None,
        exhausted: Literal["cheapest", "error"] = "cheapest",
        purse: Purse | None = None,
    ) -> None:
        self.per_query: Limits = per_query or {}
        self.total: Limits = total or {}
        self.limited: frozenset[Dimension] = frozenset({*self.per_query, *self.total})
        """The dimensions that have a limit."""
        self.exhausted = exhausted
        self.purse: Purse = purse or MemoryPurse()
        self._places: Mapping[Dimension, str] = {}
        self._lock = threading.Lock()
        self._open: dict[str, list[Cost]] = {}

    def beside(self, per_query: Limits, exhausted: Literal["cheapest", "error"]) -> "Budget":
        """Return the budget of another policy that spends from the same total.

        Args:
            per_query: Most that one query may cost under it.
            exhausted: As for the constructor.
        """
        other = copy.copy(self)  # the purse and the open reservations stay the same objects
        other.per_query, other.exhausted = per_query, exhausted
        other.limited = frozenset({*per_query, *self.total})
        return other

    def tightened(self, limits: Mapping[str, float], where: str) -> "Budget":
        """Return a view of this budget for one call: the same account with tighter limits per query.

        Args:
            limits: Most that the call's query may cost; where the policy allows less, that holds.
            where: Their place, for messages.
        """
        if not limits:
            return self
        less: Limits = {
            d: limits[d] for d in DIMENSIONS if d in limits and limits[d] < self.per_query.get(d, math.inf)
        }
        if not less:
            return self
        view = copy.copy(self)  # what is set aside and booked is kept in the same places
        view.per_query = {**self.per_query, **less}
        view.limited = self.limited | less.keys()
        view._places = {dimension: f"{where}.{dimension}" for dimension in less}
        return view

    def state(self) -> dict[Dimension, Standing]:
        """Return how each total stands. May block."""
        spent, held = self.purse.state()
        return {
            dimension: Standing(limit, spent.get(dimension, 0.0), held.get(dimension, 0.0))
            for dimension, limit in self.total.items()
        }

    async def left(self, query_id: str, spent: Cost) -> dict[Dimension, float]:
        """Return what one more step of a query that has spent ``spent`` may cost, by limited dimension.

        What is overspent leaves nothing, not less: a draft that is there may still be accepted.
        """
        left = self._left_of_query(query_id, spent)
        if self.total:
            gone, held = await self._purse(self.purse.state)
            for dimension, limit in self.total.items():
                rest = limit - gone.get(dimension, 0.0) - held.get(dimension, 0.0)
                left[dimension] = min(left.get(dimension, rest), rest)
        return {dimension: max(0.0, amount) for dimension, amount in left.items()}

    @asynccontextmanager
    async def reserved(self, query_id: str, worst: Cost, spent: Cost) -> AsyncIterator[Held]:
        """Set the worst case of a call aside while it runs.

        Args:
            query_id: Whose call it is.
            worst: Most that it can cost.
            spent: What the query has cost so far.

        Raises:
            BudgetExceeded: It does not fit what the query has left.
            TotalExceeded: It does not fit what all have left.
        """
        held = Held(worst)
        self._hold(query_id, worst, spent)
        try:
            number = await self._take(worst) if self.total else None
            try:
                yield held
            finally:
                if number is not None:
                    actual = {dimension: held.actual[dimension] for dimension in self.total}
                    await self._purse(partial(self.purse.settle, number, actual))
        finally:
            with self._lock:
                self._open[query_id].remove(worst)
                if not self._open[query_id]:
                    del self._open[query_id]

    def close(self, final: Cost, booked: Cost) -> None:
        """Correct what was booked for calls to what they came to, once the meter has spoken. May block.

        Money and tokens are only ever corrected upwards: a call that was cut off is charged its worst
        case, for nobody says what it used.

        Args:
            final: What the calls cost.
            booked: What was booked for them when they ended.
        """
        change = {dimension: final[dimension] - booked[dimension] for dimension in self.total}
        change = {d: max(x, 0.0) if DIMENSIONS[d].hard else x for d, x in change.items()}
        if any(change.values()):
            self.purse.add(change)

    def _left_of_query(self, query_id: str, spent: Cost) -> dict[Dimension, float]:
        with self._lock:
            held = Cost.total(self._open.get(query_id, ()))
        return {d: limit - spent[d] - held[d] for d, limit in self.per_query.items()}

    def _hold(self, query_id: str, worst: Cost, spent: Cost) -> None:
        left = self._left_of_query(query_id, spent)
        for dimension, amount in left.items():
            # a timeout keeps to seconds
            soft = dimension == "seconds" or (not DIMENSIONS[dimension].hard and self.exhausted == "cheapest")
            if not soft and worst[dimension] > amount + ROUNDING * self.per_query[dimension]:
                place = self._places.get(dimension, f"objective.budget.per_query.{dimension}")
                raise BudgetExceeded(_message(place, worst[dimension], max(0.0, amount)))
        with self._lock:
            self._open.setdefault(query_id, []).append(worst)

    async def worth_waiting(self, since: float) -> bool:
        """Wait a moment for what others have set aside to come back.

        Args:
            since: When the caller began to wait, on ``time.monotonic``.

        Returns:
            Whether to look again; not if nothing is set aside, or after ``PATIENCE`` seconds.
        """
        waited = time.monotonic() - since
        if not self.total or waited > PATIENCE or not any((await self._purse(self.purse.state))[1].values()):
            return False
        await asyncio.sleep(min(0.5, 0.02 + waited / 4) * (0.5 + random.random()))  # not all at once
        return True

    async def _take(self, worst: Cost) -> int:
        since = time.monotonic()
        while True:
            try:
                return await self._try(worst)
            except Short as short:
                if not short.passing or time.monotonic() - since > PATIENCE:
                    place = f"objective.budget.total.{short.dimension}"
                    raise TotalExceeded(_message(place, worst[short.dimension], short.left)) from None
                await self.worth_waiting(since)  # if all came back meanwhile, the next look says what fits

    async def _try(self, worst: Cost) -> int:
        amounts = {dimension: worst[dimension] for dimension in self.total}
        taking = _Taking(partial(self.purse.take, amounts, self.total), self.purse)
        try:
            return await self._purse(taking)
        except asyncio.CancelledError:
            taking.abandon()
            raise

    async def _purse(self, work: Callable[[], T]) -> T:
        return await in_thread(work) if self.purse.blocks else work()


class _Taking:
    """A reservation in the making, which is given back if nobody waits for it any more.

    It may be made in a thread while its caller is cancelled, or just before the caller hears of it.
    """

    def __init__(self, take: Callable[[], int], purse: Purse) -> None:
        self._take = take
        self._purse = purse
        self._lock = threading.Lock()
        self._number: int | None = None
        self._abandoned = False

    def __call__(self) -> int:
        number = self._take()
        with self._lock:
            self._number = number
            abandoned = self._abandoned
        if abandoned:
            self._purse.settle(number, {})
        return number

    def abandon(self) -> None:
        """Give the reservation back, now or once it is made."""
        with self._lock:
            self._abandoned = True
            number = self._number
        if number is not None:
            start(partial(self._purse.settle, number, {}))


def _message(place: str, worst: float, left: float) -> str:
    amounts = f"a call may take {worst:.4g}, and {left:.4g} is left"
    return f"{place}: {amounts}; raise the limit, or use cheaper models"
