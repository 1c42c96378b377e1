"""Admits queries: each waits for its turn, has a share of its user's budget, and is counted when it ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dynamicrag.serve.allowances import correct, share_of
from dynamicrag.serve.errors import NO_RETRY, Refused, status_of
from dynamicrag.serve.question import policy_named
from dynamicrag.serve.service import CANCELLED, Service

__all__ = ["Ticket", "admitted"]


@dataclass(slots=True)
class Ticket:
    """An admitted query.

    Attributes:
        limits: Its limits by dimension, from its user's budget.
        query_id: Its id, once it is known; its cost is charged to the user.
        asking: Whether it has paused to ask for more budget; metrics count it when it ends.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    query_id: str = ""
    asking: bool = False


@asynccontextmanager
async def admitted(
    service: Service, policy: str, user: str, budget: Mapping[str, float], limits: Mapping[str, float]
) -> AsyncIterator[Ticket]:
    """Wait for a query's turn; hold it and its share of the user's budget while the query runs.

    Args:
        service: The server.
        policy: Name of the policy.
        user: The user whose budget pays.
        budget: Limit of that user's cost per day, by dimension.
        limits: The call's own limits, by dimension.

    Raises:
        Refused: The queue is full, the budget is used up, the query takes too long, or the server stops.
    """
    per_query = policy_named(service.rag, policy).budget.per_query
    ticket, began, status = Ticket(), time.perf_counter(), CANCELLED
    try:
        with service.gate.admission():
            async with share_of(user, budget, {**per_query, **limits}) as share, service.gate.place():
                ticket.limits = share.limits
                try:
                    async with _in_time(service.settings.seconds):
                        yield ticket
                finally:
                    share.settle(service.rag.pipeline.ledger.cost(ticket.query_id))
                    if share.budget is not None:
                        service.later(correct(service.rag, ticket.query_id, share.budget, share.booked))
        status = 200
    except Exception as error:
        status = status_of(error)
        raise
    except asyncio.CancelledError:
        if not service.stopping:
            raise
        # the client is still there: it reads an error instead of a broken connection
        status = 503
        why = "The server is stopping; ask again later."
        raise Refused(status, why, "server_error", headers={"retry-after": "5"}) from None
    finally:
        if not ticket.asking:
            service.measure(policy, ticket.query_id, status, time.perf_counter() - began)


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        why = f"The query took more than {seconds:g} s, and was stopped. Its cost is on the account."
        raise Refused(504, why, "server_error", "timeout", headers=NO_RETRY) from None
