"""Calls of routers to models and embedding models: on the account, within the budget, hidden."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag import portal
from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.charge import cost_of
from dynamicrag.cost.profiles import IN_PROCESS, Profile
from dynamicrag.errors import BudgetExceeded, ModelUnavailable
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.completion import Completion
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.routers.asking import NotEmbedded
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.types import Usage

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
        embedder: The embedding model of routers, if any.
        embedding: Its cost profile.
    """

    models: Mapping[str, ChatModel]
    helper: str | None
    run: Run
    embedder: Embedder | None = None
    embedding: Profile = IN_PROCESS

    def on(self, stage: str, query_id: str, options: CallOptions = NO_OPTIONS) -> "RouterAsk":
        """Return the model access of a stage's router for one question, within the call's budget."""
        return RouterAsk(self, stage, query_id, options)


class RouterAsk:
    """Calls a model for one decision; see :class:`~dynamicrag.routers.asking.Ask`."""

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
        self.calls += 1
        with self._waiting():
            run = replace(self._asker.run, budget=self._budget, call=self._options)
            return await call(
                run, self._query_id, ROUTE + self._stage, self._asker.models[name], messages,
                max_tokens=max_tokens, temperature=temperature, stop=stop, tags=["nostream"], patient=False,
            )  # fmt: skip

    async def embed(self, text: str) -> None:
        """Embed a text if the embedding model is remote; its vector is then in the model's cache.

        Raises:
            NotEmbedded: It exceeds the remaining budget.
            ModelError: The embedding failed.
        """
        embedder = self._asker.embedder
        if (
            embedder is None
            or embedder.runs == "in_process"
            or embedder.recent(text, query=False) is not None
        ):
            return
        if await asyncio.to_thread(embedder.reads, text):
            self.calls += 1
            with self._waiting():
                try:
                    await portal.arun(self._embed(embedder, text))  # a cancelled caller leaves no reservation
                except BudgetExceeded as error:
                    raise NotEmbedded(str(error)) from error

    async def _embed(self, embedder: Embedder, text: str) -> None:
        ledger, profile = self._asker.run.ledger, self._asker.embedding
        most = Usage(calls=1, input_tokens=len(text.encode(errors="replace")), assumed=True)
        payer, spent = ledger.paid_by(self._query_id), partial(ledger.spent, self._query_id)
        worst = cost_of(most, profile, ledger.host)
        async with self._budget.reserved(payer, worst, spent) as held:
            with ledger.span(
                self._query_id, ROUTE + self._stage, embedder.name, profile, embedder.name, kind="embeddings"
            ) as line:
                _, line.usage = await embedder.aembed_measured([text])
                line.booked = ledger.line_cost(line)
            held.settle(line.booked)

    @property
    def _budget(self) -> Budget:
        return self._asker.run.budget.of_call(self._options)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
