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
    context: StageContext, embeds: bool, work: Callable[P, T], *given: P.args, **more: P.kwargs
) -> T:
    """Return the result of some work; if it embeds the question, it is done off the event loop."""
    if not embeds:
        return work(*given, **more)
    await context.embed()
    return await asyncio.to_thread(work, *given, **more)


async def question_vector(embedder: Embedder | None, context: StageContext) -> NDArray[np.float32] | None:
    """Return the embedding of the question, (d,); ``None`` without an embedder, or where it is not needed."""
    text = context.query.text
    if embedder is None or needless(context.features) or not embedder.reads(text):
        return None
    # a hop to a thread and back takes as long as the decision
    recent = embedder.recent(text, query=False)
    return recent if recent is not None else (await computed(context, True, embedder, [text]))[0]
