"""Runs one search on the account; calls to remote embedders stay within the budget."""

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag import portal, traces
from dynamicrag.cost.charge import cost_of
from dynamicrag.cost.vector import Cost
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import Retrieved
from dynamicrag.retrieval.filtering import search as filtered
from dynamicrag.stages.base import Run
from dynamicrag.stages.retriever_run import as_retriever_run
from dynamicrag.types import Usage

if TYPE_CHECKING:
    from dynamicrag.retrieval.base import Retriever

__all__ = ["search"]


async def search(
    run: Run, query_id: str, stage: str, name: str, retriever: "Retriever", query: str, k: int
) -> list[Passage]:
    """Call a retriever, and book its usage.

    Raises:
        CorpusError: As :meth:`Retriever.retrieve`.
        BudgetExceeded: Embedding the question remotely exceeds the remaining budget.
    """
    worst = _most(run, retriever, query)
    if worst is None:
        return (await _search(run, query_id, stage, name, retriever, query, k))[0]

    async def paid() -> list[Passage]:
        payer, spent = run.ledger.paid_by(query_id), partial(run.ledger.spent, query_id)
        async with run.budget.reserved(payer, worst, spent) as held:
            passages, cost = await _search(run, query_id, stage, name, retriever, query, k)
            held.settle(cost)
            return passages

    return await portal.arun(paid())  # a cancelled caller leaves no reservation behind


async def _search(
    run: Run, query_id: str, stage: str, name: str, retriever: "Retriever", query: str, k: int
) -> tuple[list[Passage], Cost]:
    found = Retrieved([], Usage())

    async def find() -> list[Passage]:
        nonlocal found
        with run.ledger.span(query_id, stage, name, kind="retrieval") as line:
            found = await filtered(retriever, query, k, run.call.filter)
            line.usage = found.usage
            traces.note(lambda: _attributes(query, k, found.passages))
        return found.passages

    passages = await (find() if retriever.shows_itself else as_retriever_run(run.config, name, query, find))
    lines = []
    for used in found.elsewhere:
        with run.ledger.span(query_id, stage, used.name, used.profile, used.name, kind="embeddings") as line:
            line.usage = used.usage
            line.booked = run.ledger.line_cost(line)  # by the reservation
        lines.append(line)
    return passages, Cost.total(run.ledger.line_cost(each) for each in lines)


def _attributes(query: str, k: int, passages: Sequence[Passage]) -> traces.Attributes:
    """Return the attributes of a search's span; question and passages only if content is recorded."""
    shown = [
        {"id": each["id"], "score": each["score"], "content": each["text"]}
        for each in (passages if traces.content() else ())
    ]
    return {
        "gen_ai.retrieval.query.text": query if traces.content() else None,
        "gen_ai.retrieval.documents": json.dumps(shown, ensure_ascii=False) if traces.content() else None,
        "gen_ai.retrieval.top_k": k,
        "dynamicrag.passages": len(passages),
    }


def _most(run: Run, retriever: "Retriever", query: str) -> Cost | None:
    """Return the worst-case cost of embedding the question remotely.

    ``None`` if it is not embedded remotely.
    """
    tokens = len(query.encode(errors="replace"))
    elsewhere = [corpus for corpus in retriever.embedded if corpus.embedder.runs != "in_process"]
    if not elsewhere:
        return None
    usage = Usage(calls=1, input_tokens=tokens, assumed=True)
    return Cost.total(cost_of(usage, corpus.profile, run.ledger.host) for corpus in elsewhere)
