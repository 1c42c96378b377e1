"""The embedding of a question for routers: where it is needed, and never in the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.needless import needless
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.routers.base import StageContext

P = ParamSpec("P")
T = TypeVar("T")


async def computed(
    context: StageContext, text: str | None, work: Callable[P, T], *given: P.args, **more: P.kwargs
) -> T:
    """Return the result of some work; if it embeds ``text``, it is done off the event loop."""
    if text is None:
        return work(*given, **more)
    await context.embed(text)
    return await asyncio.to_thread(work, *given, **more)


async def question_vector(embedder: Embedder | None, context: StageContext) -> NDArray[np.float32] | None:
    """Return the embedding of the question, (d,); ``None`` without an embedder, or where it is not needed."""
    text = context.query.text
    if embedder is None or needless(context.features):
        return None
    # a hop to a thread and back takes as long as the decision
    recent = embedder.recent(text, query=False)
    if recent is None:
        return await computed(context, text, _vector, embedder, text)
    return recent if embedder.reads(text) else None  # it was asked before, and so need not load anything


def _vector(embedder: Embedder, text: str) -> NDArray[np.float32] | None:
    """Return the embedding of a text, (d,), if the model can read it; blocks."""
    return embedder.embed([text])[0] if embedder.reads(text) else None
