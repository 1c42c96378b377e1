"""Budgets of users: a request reserves its share before it runs, and its cost is settled after it."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import inf

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.meter import NullMeter
from dynamicrag.cost.reservations import Held
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetExceeded, InputError, TotalExceeded
from dynamicrag.graph.call_reader import check_amount
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.policy.objective import limit_of_prices
from dynamicrag.serve.errors import NO_RETRY, Refused
from dynamicrag.store.address import data_dir

__all__ = ["Share", "check_budgets", "correct", "share_of"]

SHARES = 10
"""One request may use at most this part of its user's budget; so as many requests can run at a time."""
METER_SECONDS = 60.0


@dataclass(slots=True)
class Share:
    """The part of a user's budget that one request has reserved.

    Attributes:
        limits: The reserved amounts by dimension, which limit the request; empty without a budget.
        budget: The user's budget, if any.
        held: The reservation.
        booked: The cost as settled.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    budget: Budget | None = None
    held: Held | None = None
    booked: Cost = field(default_factory=Cost)

    def settle(self, cost: Cost) -> None:
        """Set the cost of the request."""
        self.booked = cost
        if self.held is not None:
            self.held.settle(cost)


@asynccontextmanager
async def share_of(
    user: str, budget: Mapping[str, float], others: Mapping[str, float]
) -> AsyncIterator[Share]:
    """Reserve a request's share of its user's budget for today (UTC); other requests are waited for.

    Totals are kept in the data folder, so that they outlive the server and hold for several servers.

    Args:
        user: Name of the user.
        budget: Limit of the user's cost per day, by dimension.
        others: Lower limits of the request, by dimension.

    Raises:
        Refused: The budget is used up, or other requests have reserved the rest.
        BudgetError: The total cannot be stored.
    """
    if not budget:
        yield Share()
        return
    total = Budget(total=budget, purse=SharedPurse(data_dir() / "budgets.sqlite", _account(user)))
    standings = await in_thread(total.state)
    amounts: dict[str, float] = {}
    for dimension, limit in budget.items():
        unspent = limit - standings[dimension].spent
        if unspent <= 0 < limit:
            why = f"You exceeded your budget of today, {limit:g} {dimension}. It is renewed at 00:00 UTC."
            raise Refused(429, why, "insufficient_quota", "insufficient_quota", headers=NO_RETRY)
        amounts[dimension] = min(unspent, others.get(dimension, inf), limit / SHARES)
    worst = Cost({(dimension, "estimated"): amount for dimension, amount in amounts.items()})
    async with AsyncExitStack() as stack:
        try:
            held = await stack.enter_async_context(total.reserved(user, worst, Cost()))
        except TotalExceeded:
            why = "Your other requests have reserved the rest of your budget. Retry when they have ended."
            wait = {"retry-after": "5"}
            raise Refused(429, why, "requests", "rate_limit_exceeded", headers=wait) from None
        try:
            yield Share(amounts, total, held)
        except BudgetExceeded as error:
            if isinstance(error, TotalExceeded) or (error.short and not set(error.short) & set(amounts)):
                raise
            raise _too_small(amounts, budget) from None


async def correct(ledger: Ledger, lines: Sequence[Line], budget: Budget, booked: Cost) -> None:
    """Correct the settled cost of calls to their final one, once the meter has covered them."""
    if isinstance(ledger.attribution.meter, NullMeter):
        return
    until = time.monotonic() + METER_SECONDS
    while any(not line.settled for line in lines) and time.monotonic() < until:  # noqa: ASYNC110 - threads
        await asyncio.sleep(0.1)
    final = ledger.total(lines)
    await in_thread(lambda: budget.close(final, booked))


def check_budgets(rag: DynamicRAG, budgets: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse budgets, by their place for messages, that cannot be enforced.

    Raises:
        InputError: A dimension or an amount is invalid, or money is limited and a price unknown.
    """
    for where, budget in budgets.items():
        for dimension, amount in budget.items():
            check_amount(dimension, amount, where)
        limited = limit_of_prices(budget)
        if limited is None:
            continue
        for pipeline in rag.policies.values():
            for name, profile in pipeline.profiles.items():
                if not profile.priced:
                    place = pipeline.policy.where("models", name, "profile", "usd")
                    raise InputError(
                        f"{where}: no price is known of model {name!r}, so {limited} cannot be limited; set "
                        f"{place}: {{input: ..., output: ...}}"
                    )


def _too_small(share: Mapping[str, float], budget: Mapping[str, float]) -> Refused:
    """Return the refusal of a request that no option answers within its share."""
    shares = ", ".join(f"{amount:g} {dimension}" for dimension, amount in share.items())
    limits = ", ".join(f"{limit:g} {dimension}" for dimension, limit in budget.items())
    why = (
        f"No option fits within {shares}, which this question may use: one question may use at most a tenth "
        f"of your budget per day ({limits}), and no more than the rest of it. Ask the operator of this "
        "server for a larger budget."
    )
    return Refused(429, why, "insufficient_quota", "insufficient_quota", headers=NO_RETRY)


def _account(user: str) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return f"user {hashlib.sha256(user.encode('utf-8', 'replace')).hexdigest()[:16]} {day}"
