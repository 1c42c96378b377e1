"""Calls of verifiers to models and other resources: on the account, within the budget, hidden."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from dynamicrag.cost.profiles import IN_PROCESS, Profile
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.prompts.base import PromptStrategy
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.stages.fit import fit, fitted
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.turn import TurnState
from dynamicrag.types import Usage
from dynamicrag.verify.base import VERIFY, Write

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from numpy.typing import NDArray

T = TypeVar("T")
EmbedMeasured = Callable[[Sequence[str]], "tuple[NDArray[Any], Usage]"]


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a policy for its verifiers.

    Attributes:
        models: The policy's models by name.
        prompt: The stage with the policy's prompt strategies.
        embed: The policy's embedding model, which reports its usage; returns NaN for texts it cannot read.
        embedding: Cost profile of the embedding model.
    """

    models: Mapping[str, ChatModel]
    prompt: PromptStage
    embed: EmbedMeasured
    embedding: Profile = IN_PROCESS


@dataclass(frozen=True, slots=True)
class Asking:
    """The :class:`~dynamicrag.verify.base.Caller` of one verifier on one draft.

    Attributes:
        name: Name of the verifier; its calls are on the account under ``verify:<name>``.
        turn: The turn with the draft.
        run: The ledger and the budget.
        resources: The available resources.
    """

    name: str
    turn: TurnState
    run: Run
    resources: Resources

    async def ask(
        self, write: Write, *, model: str = "", max_tokens: int, temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> Completion:  # fmt: skip
        """See the contract."""
        asked = self._model(model)
        messages = await fitted(asked, write, self.turn["passages"], max_tokens)
        return await self._call(asked, messages, max_tokens, temperature, stop)

    async def follow_up(self, said: str, *, model: str = "", max_tokens: int) -> Completion:
        """See the contract."""
        from langchain_core.messages import AIMessage, HumanMessage

        asked, draft = self._model(model), self.turn["draft"]
        assert draft is not None, "there is nothing to follow up on before there is a draft"
        before = await fit(asked, self._strategy(), self.turn)
        messages = [*before.messages, AIMessage(draft["text"]), HumanMessage(said)]
        return await self._call(asked, messages, max_tokens)

    async def sample(self, strategy: PromptStrategy | None = None, *, temperature: float) -> str:
        """See the contract."""
        asked, own = self._model(""), self._strategy()
        strategy = strategy.speaking(own.voice) if strategy else own
        prompt = await fit(asked, strategy, self.turn)
        stop = strategy.stops(bool(prompt.passages))
        said = await self._call(asked, prompt.messages, strategy.max_tokens, temperature, stop)
        return strategy.parse(said.text, self.turn["text"]).text

    async def embed(self, texts: Sequence[str]) -> "NDArray[Any]":
        """See the contract."""
        with self.run.ledger.span(
            self.turn["id"], self._stage, "embedding", self.resources.embedding, self._stage,
            kind="embeddings",
        ) as line:  # fmt: skip
            vectors, line.usage = await asyncio.to_thread(self.resources.embed, texts)
        return vectors

    async def compute(self, label: str, work: Callable[[], T]) -> T:
        """See the contract."""
        with self.run.ledger.span(
            self.turn["id"], self._stage, label, spec=self._stage, kind="verify"
        ) as line:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return await asyncio.to_thread(work)
            finally:
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                # others may compute at the same time; our share is at most all cores
                line.usage = Usage(calls=1, seconds=wall, cpu_seconds=min(cpu, wall * (os.cpu_count() or 1)))

    @property
    def _stage(self) -> str:
        return VERIFY + self.name

    def _model(self, name: str) -> ChatModel:
        draft = self.turn["draft"]
        return self.resources.models[name or (draft["model"] if draft else "")]

    def _strategy(self) -> PromptStrategy:
        return self.resources.prompt.strategy(self.turn["path"])

    async def _call(
        self, model: ChatModel, messages: "Sequence[BaseMessage]", max_tokens: int,
        temperature: float = 0.0, stop: Sequence[str] = (),
    ) -> Completion:  # fmt: skip
        # no other model can judge in its place, so ignore cooldowns
        run = replace(self.run, last_resort=True)
        return await call(
            run, self.turn["id"], self._stage, model, messages,
            max_tokens=max_tokens, temperature=temperature, stop=stop, tags=["nostream"],
        )  # fmt: skip
