"""Runs paths over questions, path by path, and yields outcomes as they settle.

A local model computes only once the words that a prompt shares with the prompt before it: in production the
instructions and the worked examples. So before each run the models get the run's prompt without a question.
Otherwise a run would be cheaper the more it resembles the run before, and a resumed recording would give
other costs.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import ModelError, TotalExceeded
from dynamicrag.lab.outcomes.table import Outcome
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.executor import PathExecutor
from dynamicrag.lab.record.outcome import outcome_of
from dynamicrag.lab.record.paths import Steps
from dynamicrag.lab.record.searches import CachedRetriever, Search, searches
from dynamicrag.lab.run import ask_one, settled
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import BLANK, NOTHING
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.retriever import RetrieverStage, step

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from dynamicrag.graph.rag import DynamicRAG

Work = Sequence[tuple[Steps, Sequence[Question]]]
"""Questions to ask, by path."""


async def record_all(
    rag: "DynamicRAG", work: Work, *, workers: int = 1
) -> AsyncGenerator[tuple[Question, Outcome], None]:
    """Run every path over its questions.

    A path is finished before the next one begins: two paths in a row on the same question would share a
    longer prompt than any two questions do in production.

    Args:
        rag: The policy, over a pipeline from :func:`~dynamicrag.lab.record.executor.for_recording`.
        work: The questions that are left, by path.
        workers: Number of questions asked at a time.

    Raises:
        TotalExceeded: The policy's total budget is spent.
    """
    from dynamicrag.graph.build import build_graph
    from dynamicrag.graph.names import Names
    from dynamicrag.graph.nodes import Nodes
    from dynamicrag.graph.policies import Policies

    pipeline = rag.pipeline
    gate = asyncio.Semaphore(workers)

    async def run(app: Any, steps: Steps, question: Question) -> tuple[Question, Outcome]:
        used: list[Search] = []
        async with gate:
            searches.set(used)
            await _warm_models(pipeline, steps)
            record = await ask_one(rag, app, question)
        if record.get("failure") == TotalExceeded.__name__:  # a limit per query fails only its own run
            raise TotalExceeded(f"the recording stops here: {record['error']}")
        record = await settled(rag, record)  # outside the gate: the next question does not wait for the meter
        return question, outcome_of(record, steps, pipeline.ledger, used)

    for steps, questions in work:
        if not questions:
            continue
        await _warm_retriever(pipeline, steps)
        executor = PathExecutor(pipeline.decider, pipeline.models, steps)
        app = build_graph(Nodes(Policies(pipeline), executor), Names()).compile()
        tasks = [asyncio.create_task(run(app, steps, question)) for question in questions]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()


async def _warm_models(pipeline: Pipeline, steps: Steps) -> None:
    """Leave in the models' caches what all prompts of a path share, and nothing else."""
    stage = pipeline.stages["prompt"]
    assert isinstance(stage, PromptStage)
    passages = [] if steps["retrieval"] == "none" else [BLANK]
    if steps["retrieval"] == "iterative" and pipeline.policy.helper:
        await _read(pipeline.models[pipeline.policy.helper], step(NOTHING, passages, []))
    prompt = stage.strategies[steps["prompt"]].messages(NOTHING, passages)
    await _read(pipeline.models[steps["generator"]], prompt)


async def _read(model: ChatModel, messages: "list[BaseMessage]") -> None:
    if model.caches:
        with suppress(ModelError):  # the run itself will fail as well, and be recorded so
            await model.complete(messages, max_tokens=1)


async def _warm_retriever(pipeline: Pipeline, steps: Steps) -> None:
    """Open the files and models that a retriever opens at its first question."""
    stage = pipeline.stages["retriever"]
    if "retriever" in steps and isinstance(stage, RetrieverStage):
        retriever = stage.retrievers[steps["retriever"]]
        assert isinstance(retriever, CachedRetriever)
        await retriever.inner.retrieve(NOTHING, 1)
