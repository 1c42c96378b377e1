"""Runs paths over questions, path by path, and yields outcomes as they settle."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import TotalExceeded
from dynamicrag.evaluation.outcomes.table import Outcome
from dynamicrag.evaluation.questions import Question
from dynamicrag.evaluation.record.forced import wanted
from dynamicrag.evaluation.record.memo import Found, searches
from dynamicrag.evaluation.record.outcome import outcome_of
from dynamicrag.evaluation.record.paths import Steps
from dynamicrag.evaluation.record.warm import warm_models, warm_retriever
from dynamicrag.evaluation.run import ask_one, settled

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG

Work = Sequence[tuple[Steps, Sequence[Question]]]


async def record_all(
    rag: "DynamicRAG", work: Work, *, workers: int = 1
) -> AsyncGenerator[tuple[Question, Outcome], None]:
    """Run every path over its questions.

    One path is done with before the next begins: the same question under two paths, one after the
    other, would share a longer prompt than any two questions do in production.

    Args:
        rag: What to ask, over a pipeline made by :func:`~dynamicrag.evaluation.record.forced.forced`.
        work: The questions still to be asked, by path.
        workers: Number of questions under way at a time.

    Raises:
        TotalExceeded: The policy's total budget is used up.
    """
    app = rag.build_graph().compile()
    gate = asyncio.Semaphore(workers)

    async def run(steps: Steps, question: Question) -> tuple[Question, Outcome]:
        found: list[Found] = []
        async with gate:
            wanted.set(steps)
            searches.set(found)
            await warm_models(rag.pipeline, steps)
            record: dict[str, Any] = await ask_one(rag, app, question)
        if record.get("failure") == TotalExceeded.__name__:  # a limit per query fails the one run alone
            raise TotalExceeded(f"the recording stops here: {record['error']}")
        record = await settled(rag, record)  # the next question does not wait for the meter
        return question, outcome_of(record, steps, rag.pipeline.ledger, found)

    for steps, questions in work:
        if not questions:
            continue
        await warm_retriever(rag.pipeline, steps)
        tasks = [asyncio.create_task(run(steps, question)) for question in questions]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()
