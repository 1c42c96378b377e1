"""Admits questions of visitors: by the keys, the queue and the budgets of the server."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from dynamicrag.errors import DynamicRAGError
from dynamicrag.serve.errors import refusal_of
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.question import KEY_TAG
from dynamicrag.serve.service import Service
from dynamicrag.serve.tickets import Ticket, admitted

__all__ = ["Admission"]


class Admission:
    """Admits questions as the server's other endpoints do.

    Args:
        service: The server; ``None`` in an application without one, where everybody may ask.
    """

    def __init__(self, service: Service | None) -> None:
        self._service = service

    @property
    def keyed(self) -> bool:
        """Whether callers have API keys."""
        return self._service is not None and self._service.settings.keys is not None

    @property
    def grants(self) -> bool:
        """Whether visitors may grant a question more than its limits; a user's budget is never raised."""
        return self._service is None or not (self.keyed or self._service.settings.budget_per_user)

    def call(self, caller: Caller, policy: str, weights: Mapping[str, float]) -> dict[str, Any]:
        """Return the options of a call."""
        own = {"filter": dict(caller.filter), "weights": dict(weights), "policy": policy}
        if caller.name:
            own |= {"user": caller.name, "tags": [f"{KEY_TAG}{caller.name}"]}
        return {name: value for name, value in own.items() if value}

    def admitted(self, caller: Caller, policy: str, resumed: str = "") -> AbstractAsyncContextManager[Ticket]:
        """Return the context in which a question runs; see :func:`~dynamicrag.serve.tickets.admitted`."""
        service = self._service
        if service is None:
            return nullcontext(Ticket())
        budget = service.settings.budget_of(caller)
        return admitted(service, policy, caller.name, budget, {}, resumed)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a question; the server cancels it when it stops."""
        return asyncio.create_task(work) if self._service is None else self._service.start(work)

    def failure(self, error: Exception) -> str:
        """Return a failure in words; with keys, without anything about the inside of the server."""
        if isinstance(error, DynamicRAGError) and not self.keyed:
            return str(error)
        return refusal_of(error).message
