"""So that every recorded run finds the same models, warm from the same words.

A local model computes once what a prompt shares with the one before it. In production that is the
instructions and the worked examples. Here, questions come path by path, and before each run the model
is given the same prompt with nothing asked: without it a run would be as cheap as its neighbour is
like it, and one that is resumed would find another neighbour.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from dynamicrag.assembly import Pipeline
from dynamicrag.errors import ModelError
from dynamicrag.lab.record.memo import Remembering
from dynamicrag.lab.record.paths import Steps
from dynamicrag.llm.chat import ChatModel
from dynamicrag.stages.prompt import PromptStage
from dynamicrag.stages.retriever import RetrieverStage, step
from dynamicrag.types import Passage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

NOTHING = "–"
BLANK = Passage(id=NOTHING, document=NOTHING, title=NOTHING, text=NOTHING, score=0.0)


async def warm_models(pipeline: Pipeline, steps: Steps) -> None:
    """Leave in the models' caches what all prompts of a path share, and nothing else."""
    stage = pipeline.stages["prompt"]
    assert isinstance(stage, PromptStage)
    passages = [] if steps["retrieval"] == "none" else [BLANK]
    if steps["retrieval"] == "iterative" and pipeline.helper:
        await _read(pipeline.models[pipeline.helper], step(NOTHING, passages, []))
    prompt = stage.strategies[steps["prompt"]].messages(NOTHING, passages)
    await _read(pipeline.models[steps["generator"]], prompt)


async def _read(model: ChatModel, messages: "list[BaseMessage]") -> None:
    if model.caches:
        with suppress(ModelError):  # the run itself will fail too, and be recorded so
            await model.complete(messages, max_tokens=1)


async def warm_retriever(pipeline: Pipeline, steps: Steps) -> None:
    """Open what a retriever opens at its first question."""
    stage = pipeline.stages["retriever"]
    if "retriever" in steps and isinstance(stage, RetrieverStage):
        retriever = stage.retrievers[steps["retriever"]]
        assert isinstance(retriever, Remembering)
        await retriever.inner.retrieve(NOTHING, 1)
