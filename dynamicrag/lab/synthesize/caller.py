"""The model and the retriever that write and check questions; no call is made twice.

The result of every call is kept under a digest of its input. Everything else depends only on those results
and on the seed, so an interrupted synthesis gives the same questions when repeated, without the calls it has
already made.
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
from dynamicrag.lab.synthesize.results import Costs
from dynamicrag.llm.prompts.direct import Direct
from dynamicrag.records import Passage
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.stages.retriever import RetrieverStage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from dynamicrag.graph.rag import DynamicRAG

ACCOUNT = "synthesize:"
DEPTH = 8
"""Number of chunks searched if no option of ``context`` gives a number of chunks."""
MAX_FAILURES = 5
"""Number of failed calls, before any succeeds, that ends the synthesis."""


class CallLog:
    """The calls made so far, in ``OUT.partial``.

    Args:
        partial: The file, already locked.
        origin: Hashes of the policy, the documents and the seed.
        fresh: Whether to drop earlier calls.

    Attributes:
        done: Records by the digest of their call: ``step``, ``gave``, ``cost``.

    Raises:
        InputError: The earlier calls have another origin.
    """

    def __init__(self, partial: Partial, origin: Mapping[str, str], *, fresh: bool = False) -> None:
        self._partial = partial
        records = list(partial.open(fresh=fresh))
        for what, digest in origin.items() if records else ():
            if (records[0].get("origin") or {}).get(what) != digest:
                mend = "give another --out, or --fresh to begin again"
                raise InputError(f"{partial.path}: its questions are made with another {what}; {mend}")
        if not records:
            partial.write({"origin": dict(origin)})
        self.done = {
            record["step"]: record for record in records[1:] if {"step", "gave", "cost"} <= set(record)
        }

    def keep(self, step: str, gave: Any, cost: Costs) -> dict[str, Any]:
        """Keep the result of a call; it is on the disk when this returns."""
        record = {"step": step, "gave": gave, "cost": cost}
        self._partial.write(record)
        self.done[step] = record
        return record


class Caller:
    """Writes, answers and searches, on the ledger.

    Args:
        rag: The policy, with its models loaded.
        model: The name of the model that writes and answers.
        passages: All passages of its corpora.
        log: The calls made so far.
        workers: Number of calls at a time.
        report: Gets the kind of question and the cost of every call, those of an earlier run included.
    """

    def __init__(
        self, rag: "DynamicRAG", model: str, passages: Sequence[Passage], log: CallLog, *, workers: int,
        report: Callable[[str, Costs], None],
    ) -> None:  # fmt: skip
        pipeline = rag.pipeline
        self._rag, self._log, self._report = rag, log, report
        self._model = pipeline.models[model]
        # limits per query are for answering queries, and none is answered here
        budget = Budget(total=pipeline.budget.total, purse=pipeline.budget.purse)
        self._run = Run(pipeline.ledger, budget, pipeline.cost_model)
        stage = pipeline.stages["retriever"]
        assert isinstance(stage, RetrieverStage)
        self._retriever = stage.retrievers[stage.planned().name]
        chunks = [option.params.get("chunks", 0) for option in pipeline.stages["context"].options]
        self._depth = max(chunks) or DEPTH
        self._known = {key(passage): passage for passage in passages}
        self._gate = asyncio.Semaphore(workers)
        self._prompt = Direct()
        self._under_way: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._reported: set[str] = set()
        self._failures = self._successes = 0

    async def write(self, kind: str, messages: "Sequence[BaseMessage]") -> str:
        """Return one line that the model writes."""
        return await self._complete(kind, messages, MAX_TOKENS, ("\n",))

    async def answer(self, kind: str, question: str, passages: Sequence[Passage] = ()) -> str:
        """Return the model's answer, from passages or from its own knowledge."""
        prompt = self._prompt
        reply = await self._complete(
            kind, prompt.messages(question, passages), prompt.max_tokens, prompt.stops(bool(passages))
        )
        return prompt.parse(reply).text

    async def found(self, kind: str, question: str) -> list[Passage]:
        """Return the top passages that the policy's retrieval finds, best first."""

        async def search(account: str) -> list[list[str]]:
            with self._run.ledger.span(account, "retriever", "synthesize") as line:
                found = await self._retriever.retrieve(question, self._depth)
                line.usage = found.usage
            return [list(key(passage)) for passage in found.passages]

        ids = await self._once(kind, ["found", question, self._depth], search)
        return [self._known[corpus, id_] for corpus, id_ in ids if (corpus, id_) in self._known]

    async def _complete(
        self, kind: str, messages: "Sequence[BaseMessage]", max_tokens: int, stop: tuple[str, ...]
    ) -> str:
        async def complete(account: str) -> str:
            reply = await call(
                self._run, account, "synthesize", self._model, messages, max_tokens=max_tokens, stop=stop
            )
            return reply.text

        asked = [[message.type, message.text] for message in messages]
        return str(await self._once(kind, ["said", self._model.spec, asked, max_tokens, stop], complete))

    async def _once(self, kind: str, asked: list[Any], work: Callable[[str], Awaitable[Any]]) -> Any:
        step = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]
        record = self._log.done.get(step)
        if record is None:
            if step not in self._under_way:
                self._under_way[step] = asyncio.create_task(self._call(step, work))
            record = await self._under_way[step]
        if step not in self._reported:
            self._reported.add(step)
            self._report(kind, record["cost"])
        return record["gave"]

    async def _call(self, step: str, work: Callable[[str], Awaitable[Any]]) -> dict[str, Any]:
        account = f"{ACCOUNT}{step}"
        async with self._gate:
            try:
                gave = await work(account)
            except ProviderError as error:
                self._failures += 1
                if not self._successes and self._failures >= MAX_FAILURES:
                    raise
                raise Refused("failed", str(error)) from error
        self._successes += 1
        cost = await settled_cost(self._rag, account)  # outside the gate: the next call does not wait
        return self._log.keep(step, gave, cost)


def key(passage: Passage) -> tuple[str, str]:
    """Return the key of a passage among the passages of all corpora."""
    return passage.get("corpus", ""), passage["id"]
