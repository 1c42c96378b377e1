"""Runs paths over questions, path by path, and yields outcomes as they settle."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import TotalExceeded
from dynamicrag.lab.outcomes.table import Outcome
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.following import Following
from dynamicrag.lab.record.memo import Found, searches
from dynamicrag.lab.record.outcome import outcome_of
from dynamicrag.lab.record.paths import Steps
from dynamicrag.lab.record.warm import warm_models, warm_retriever
from dynamicrag.lab.run import ask_one, settled

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
        rag: What to ask, over a pipeline made by
            :func:`~dynamicrag.lab.record.following.for_recording`.
        work: The questions still to be asked, by path.
        workers: Number of questions under way at a time.

    Raises:
        TotalExceeded: The policy's total budget is used up.
    """
    from dynamicrag.graph.build import build_graph
    from dynamicrag.graph.names import Names
    from dynamicrag.graph.nodes import Nodes
    from dynamicrag.graph.policies import Policies

    pipeline = rag.pipeline
    gate = asyncio.Semaphore(workers)

    async def run(app: Any, steps: Steps, question: Question) -> tuple[Question, Outcome]:
        found: list[Found] = []
        async with gate:
            searches.set(found)
            await warm_models(pipeline, steps)
            record = await ask_one(rag, app, question)
        if record.get("failure") == TotalExceeded.__name__:  # a limit per query fails the one run alone
            raise TotalExceeded(f"the recording stops here: {record['error']}")
        record = await settled(rag, record)  # the next question does not wait for the meter
        return question, outcome_of(record, steps, pipeline.ledger, found)

    for steps, questions in work:
        if not questions:
            continue
        await warm_retriever(pipeline, steps)
        executor = Following(pipeline.decider, pipeline.models, steps)
        app = build_graph(Nodes(Policies(pipeline), executor), Names()).compile()
        tasks = [asyncio.create_task(run(app, steps, question)) for question in questions]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()
