"""The embedding of a question, for routers that read it where it is needed."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.needless import needless
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.routers.base import StageContext


async def question_vector(embedder: Embedder | None, context: StageContext) -> NDArray[np.float32] | None:
    """Return the embedding of the question, (d,); ``None`` without an embedder, or where it is not needed."""
    text = context.query.text
    if embedder is None or needless(context.features) or not embedder.reads(text):
        return None
    # a hop to a thread and back takes as long as the decision
    recent = embedder.recent(text, query=False)
    if recent is not None:
        return recent
    found: NDArray[np.float32] = (await asyncio.to_thread(embedder, [text]))[0]
    return found
