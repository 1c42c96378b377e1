"""Admits questions of visitors: by the keys, the queue and the budgets of the server."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.errors import DynamicRAGError
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.serve.allowances import correct, share_of
from dynamicrag.serve.errors import refusal_of
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.question import KEY_TAG, policy_names
from dynamicrag.serve.service import CANCELLED, Service

__all__ = ["Admission", "Ticket"]


@dataclass(slots=True)
class Ticket:
    """An admitted question.

    Attributes:
        limits: Its limits by dimension, from its user's budget.
        query_id: The id of its query, once it is known; its cost is charged to the user.
        asking: Whether it has paused to ask for more budget; metrics count it when it ends.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    query_id: str = ""
    asking: bool = False


class Admission:
    """Admits questions as the server's other endpoints do.

    Args:
        rag: The policies.
        service: The server; ``None`` in an application without one, where everybody may ask.
    """

    def __init__(self, rag: DynamicRAG, service: Service | None) -> None:
        self._rag = rag
        self._service = service

    @property
    def keyed(self) -> bool:
        """Whether callers have API keys."""
        return self._service is not None and self._service.settings.keys is not None

    def call(self, caller: Caller, policy: str, weights: Mapping[str, float]) -> dict[str, Any]:
        """Return the options of a call."""
        own = {"filter": dict(caller.filter), "weights": dict(weights), "policy": policy}
        if caller.name:
            own |= {"user": caller.name, "tags": [f"{KEY_TAG}{caller.name}"]}
        return {name: value for name, value in own.items() if value}

    @asynccontextmanager
    async def admitted(self, caller: Caller, policy: str) -> AsyncIterator[Ticket]:
        """Wait for the question's turn, and hold it and its share of the user's budget.

        Raises:
            Refused: The queue is full, the budget is used up, or the server stops.
        """
        if self._service is None:
            yield Ticket()
            return
        service, rag = self._service, self._rag
        budget = service.settings.budget_per_user if caller.budget is None else caller.budget
        limits = rag.policies[policy_names(rag)[policy]].budget.per_query
        ticket, began, status = Ticket(), time.perf_counter(), CANCELLED
        try:
            with service.gate.admission():
                async with (
                    share_of(caller.name, budget, limits) as share,
                    service.gate.place(),
                    asyncio.timeout(service.settings.seconds),
                ):
                    ticket.limits = share.limits
                    try:
                        yield ticket
                    finally:
                        share.settle(rag.pipeline.ledger.cost(ticket.query_id))
                        if share.budget is not None:
                            service.later(correct(rag, ticket.query_id, share.budget, share.booked))
            status = 200
        except Exception as error:
            status = 504 if isinstance(error, TimeoutError) else getattr(error, "status", 500)
            raise
        finally:
            if not ticket.asking:
                service.measure(policy, ticket.query_id, status, time.perf_counter() - began)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a question; the server cancels it when it stops."""
        return asyncio.create_task(work) if self._service is None else self._service.start(work)

    def failure(self, error: Exception) -> str:
        """Return a failure in words; with keys, without anything about the inside of the server."""
        if isinstance(error, TimeoutError):
            seconds = "" if self._service is None else f" more than {self._service.settings.seconds:g} s"
            return f"The query took{seconds or ' too long'}, and was stopped. Its cost is on the account."
        if isinstance(error, DynamicRAGError) and not self.keyed:
            return str(error)
        return refusal_of(error).message
