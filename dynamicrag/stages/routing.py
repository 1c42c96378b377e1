"""Model calls of routers: on the account, within the budget, hidden from the user."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.completion import Completion
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["ROUTE", "Asker", "RouterAsk"]

ROUTE = "route:"
"""Prefix of a router's calls on the account, before its stage."""


@dataclass(frozen=True, slots=True)
class Asker:
    """The models that the routers of a policy may call.

    Attributes:
        models: The policy's models by name.
        helper: Model for routers that name none.
        run: The ledger and the budget.
    """

    models: Mapping[str, ChatModel]
    helper: str | None
    run: Run

    def on(self, stage: str, query_id: str, options: CallOptions = NO_OPTIONS) -> "RouterAsk":
        """Return the model access of a stage's router for one question, within the call's budget."""
        return RouterAsk(self, stage, query_id, options)


class RouterAsk:
    """Calls a model for one decision; see :class:`~dynamicrag.routers.base.Ask`."""

    def __init__(self, asker: Asker, stage: str, query_id: str, options: CallOptions) -> None:
        self._asker, self._stage, self._query_id, self._options = asker, stage, query_id, options
        self.seconds = 0.0
        self.calls = 0

    async def __call__(
        self,
        messages: "Sequence[BaseMessage]",
        *,
        model: str = "",
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> Completion:
        """See the contract."""
        name = model or self._asker.helper or ""
        if name not in self._asker.models:
            raise ModelUnavailable(f"stages.{self._stage}.router: there is no model {name!r} to ask")
        began = time.perf_counter()
        self.calls += 1
        try:
            budget = self._asker.run.budget.of_call(self._options)
            run = replace(self._asker.run, budget=budget, call=self._options)
            return await call(
                run, self._query_id, ROUTE + self._stage, self._asker.models[name], messages,
                max_tokens=max_tokens, temperature=temperature, stop=stop, tags=["nostream"], patient=False,
            )  # fmt: skip
        finally:
            self.seconds += time.perf_counter() - began
