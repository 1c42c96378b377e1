"""The model and the retriever that questions are made and checked with; nothing is asked twice.

What every step gave is kept under a digest of what was asked. The rest of the making is a function of
those and of the seed, so that one that was interrupted comes to the same by doing it again, with the
steps that are there for nothing.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.budget import Budget
from dynamicrag.errors import InputError, ProviderError
from dynamicrag.lab.record.partial import Partial
from dynamicrag.lab.run import settled_cost
from dynamicrag.lab.synthesize.form import Refused
from dynamicrag.lab.synthesize.prompts import MAX_TOKENS
from dynamicrag.llm.prompts.direct import Direct
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.stages.retriever import RetrieverStage
from dynamicrag.types import Passage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from dynamicrag.graph.rag import DynamicRAG

Figures = Mapping[str, Any]
Tell = Callable[[str, Figures], None]
ACCOUNT = "synthesize:"
DEPTH = 8
"""Chunks among which a passage has to be found, where no option of ``context`` shows a number of chunks."""
GIVES_UP = 5
"""Calls that may fail before the first one succeeds."""


class StepsDone:
    """The steps done so far, in ``OUT.partial``.

    Args:
        partial: The file, entered already.
        origin: Hashes of what questions are made with; steps of anything else are refused.
        fresh: Whether to begin anew.

    Raises:
        InputError: The steps that are there are of something else.
    """

    def __init__(self, partial: Partial, origin: Mapping[str, str], *, fresh: bool = False) -> None:
        self._partial = partial
        self.done: dict[str, dict[str, Any]] = {}
        records = list(partial.open(fresh=fresh))
        for what, digest in origin.items() if records else ():
            if (records[0].get("origin") or {}).get(what) != digest:
                mend = "give another --out, or --fresh to begin anew"
                raise InputError(f"{partial.path}: its questions are made with another {what}; {mend}")
        if not records:
            partial.write({"origin": dict(origin)})
        for record in records[1:]:
            if {"step", "gave", "cost"} <= set(record):
                self.done[record["step"]] = record

    def keep(self, step: str, gave: Any, cost: Figures) -> dict[str, Any]:
        """Keep what a step gave; on the disk when this returns."""
        record = {"step": step, "gave": gave, "cost": cost}
        self._partial.write(record)
        self.done[step] = record
        return record


class Asker:
    """Writes, answers and searches, on the ledger.

    Args:
        rag: The policy, warm.
        model: The name of the model that writes and answers.
        passages: All passages of its corpora.
        steps: What is done already.
        workers: Calls under way at a time.
        tell: Told the kind of question and the cost of every step, of an earlier run's too.
    """

    def __init__(
        self,
        rag: "DynamicRAG",
        model: str,
        passages: Sequence[Passage],
        steps: StepsDone,
        *,
        workers: int = 1,
        tell: Tell = lambda kind, cost: None,  # noqa: ARG005
    ) -> None:
        pipeline = rag.pipeline
        self._rag, self._steps, self._tell = rag, steps, tell
        self._model = pipeline.models[model]
        # limits per query are for the answering of queries, and none is answered here
        budget = Budget(total=pipeline.budget.total, purse=pipeline.budget.purse)
        self._run = Run(pipeline.ledger, budget, pipeline.cost_model, None, lambda _: None)
        stage = pipeline.stages["retriever"]
        assert isinstance(stage, RetrieverStage)
        self._retriever = stage.retrievers[stage.planned().name]
        shown = [option.params.get("chunks", 0) for option in pipeline.stages["context"].options]
        self.depth = max(shown) or DEPTH
        self._known = {(passage.get("corpus", ""), passage["id"]): passage for passage in passages}
        self._gate = asyncio.Semaphore(workers)
        self._prompt = Direct()
        self._under_way: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._told: set[str] = set()
        self.failures = self.successes = 0

    async def write(self, kind: str, messages: "Sequence[BaseMessage]") -> str:
        """Return what the model writes on one line."""
        return await self._say(kind, messages, MAX_TOKENS, ("\n",))

    async def answer(self, kind: str, question: str, passages: Sequence[Passage] = ()) -> str:
        """Return the model's answer, from passages or from what it knows."""
        prompt = self._prompt
        said = await self._say(
            kind, prompt.messages(question, passages), prompt.max_tokens, prompt.stops(bool(passages))
        )
        return prompt.parse(said).text

    async def found(self, kind: str, question: str) -> list[Passage]:
        """Return the top passages that the policy's retrieval finds, best first."""

        async def search(account: str) -> list[list[str]]:
            with self._run.ledger.span(account, "retriever", "synthesize") as line:
                found = await self._retriever.retrieve(question, self.depth)
                line.usage = found.usage
            return [[passage.get("corpus", ""), passage["id"]] for passage in found.passages]

        ids = await self._once(kind, ["found", question, self.depth], search)
        return [self._known[corpus, id_] for corpus, id_ in ids if (corpus, id_) in self._known]

    async def _say(
        self, kind: str, messages: "Sequence[BaseMessage]", max_tokens: int, stop: tuple[str, ...]
    ) -> str:
        async def say(account: str) -> str:
            said = await call(
                self._run, account, "synthesize", self._model, messages, max_tokens=max_tokens, stop=stop
            )
            return said.text

        asked = [[message.type, message.text] for message in messages]
        return str(await self._once(kind, ["said", self._model.spec, asked, max_tokens, stop], say))

    async def _once(self, kind: str, asked: list[Any], work: Callable[[str], Awaitable[Any]]) -> Any:
        step = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]
        record = self._steps.done.get(step)
        if record is None:
            if step not in self._under_way:
                self._under_way[step] = asyncio.create_task(self._do(step, work))
            record = await self._under_way[step]
        if step not in self._told:
            self._told.add(step)
            self._tell(kind, record["cost"])
        return record["gave"]

    async def _do(self, step: str, work: Callable[[str], Awaitable[Any]]) -> dict[str, Any]:
        account = f"{ACCOUNT}{step}"
        async with self._gate:
            try:
                gave = await work(account)
            except ProviderError as error:
                self.failures += 1
                if not self.successes and self.failures >= GIVES_UP:
                    raise
                raise Refused("failed", str(error)) from error
        self.successes += 1
        cost = await settled_cost(self._rag, account)  # the next call does not wait for the meter
        return self._steps.keep(step, gave, cost)
