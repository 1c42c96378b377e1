"""Questions through the production graph, each to one JSON record.

A question is asked through the graph that applications run, so that what is measured is what is
shipped. Its record is complete once the meter has covered it, which is up to a few seconds after the
answer; the next question does not wait for that.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import DynamicRAGError
from dynamicrag.lab.questions import Question
from dynamicrag.lab.scores import contains, exact_match, token_f1

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG

Record = dict[str, Any]
SETTLE_SECONDS = 20.0
"""How long a finished query may wait for the meter; its joules stay modelled after that."""


async def ask_one(rag: "DynamicRAG", app: Any, question: Question) -> Record:
    """Ask one question and return its record, not yet settled.

    A question that fails gives a record with ``error`` (and its class, ``failure``), and what it has cost
    until then.
    """
    record: Record = {"query_id": question.id, "question": question.text}
    if question.type:
        record["type"] = question.type
    if question.answers:
        record["answers"] = list(question.answers)
    state: Mapping[str, Any] = {}
    first: float | None = None
    began = time.perf_counter()
    try:
        modes = ["messages", "custom", "values"]
        async for mode, data in app.astream({"messages": [("user", question.text)]}, stream_mode=modes):
            if mode == "values":
                state = data
            elif mode == "custom":
                first = None if data.get("type") == "withdrawn" else first
            elif first is None and data[0].type != "human" and data[0].text:
                first = time.perf_counter() - began
    except Exception as error:  # noqa: BLE001 - one question's failure must not end a long run
        known = isinstance(error, DynamicRAGError)
        record["failure"] = type(error).__name__
        record["error"] = str(error) if known else f"{type(error).__name__}: {error}"
    else:
        record |= _answer(state, question, first)
    channel = state.get("rag") or {}
    record["turn"] = channel["turn"]["id"] if channel else ""
    record["decisions"] = channel.get("decisions", [])
    record["wall_seconds"] = time.perf_counter() - began
    record["cost"] = rag.pipeline.ledger.cost(record["turn"]).figures()
    return record


def _answer(state: Mapping[str, Any], question: Question, first: float | None) -> Record:
    report = state["rag"]["report"]
    answer = state["messages"][-1].text
    record: Record = {"standalone": report["question"], "answer": answer, "abstained": report["abstained"]}
    record["outside"] = report["outside"]
    if question.answers:
        gold = question.answers
        said = "" if report["abstained"] else answer
        record |= {"f1": token_f1(said, gold), "em": exact_match(said, gold)}
        record["contains"] = contains(said, gold)
    return {
        **record,
        "escalations": report["escalations"],
        "passages": report["passages"],
        "tokens": report["tokens"],
        "first_token_seconds": first,
    }


async def settled(rag: "DynamicRAG", record: Record) -> Record:
    """Return the record with its final cost, once the meter has covered the query.

    It waits without a thread, so that Ctrl-C ends it at once.
    """
    from dynamicrag.cost.meter import NullMeter

    ledger = rag.pipeline.ledger
    account = ledger.account(record["turn"])
    until = time.perf_counter() + (0.0 if isinstance(ledger.attribution.meter, NullMeter) else SETTLE_SECONDS)
    while account.provisional and time.perf_counter() < until:  # noqa: ASYNC110 - the ledger has threads
        await asyncio.sleep(0.05)
    return {**record, "cost": ledger.cost(record["turn"]).figures()}


async def ask_all(
    rag: "DynamicRAG",
    questions: Sequence[Question],
    *,
    workers: int = 1,
    started: Callable[[Question], object] = lambda _: None,
) -> AsyncIterator[Record]:
    """Ask many questions, ``workers`` at a time, and yield settled records as they come.

    Args:
        rag: What to ask.
        questions: The questions.
        workers: Number of questions under way at a time.
        started: Told when a question is begun.
    """
    app = rag.build_graph().compile()
    gate = asyncio.Semaphore(workers)

    async def work(question: Question) -> Record:
        async with gate:
            started(question)
            record = await ask_one(rag, app, question)
        return await settled(rag, record)

    tasks = [asyncio.create_task(work(question)) for question in questions]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()
