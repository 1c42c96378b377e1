"""Shows a call only the tools that are nearest to the task's question."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynamicrag.cost.rates import IN_PROCESS
from dynamicrag.faces.langchain.task import Task

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest

    from dynamicrag.retrieval.embedder import Vectors

STAGE = "tools"


class ToolSet:
    """Chooses the tools of a request.

    Similarity is the cosine of the policy's embeddings: of the question, and of each tool's name and
    description. The provider's tools, and tools that the task has called, always stay.

    Args:
        most: Largest number of tools.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._vectors: dict[tuple[str, str], Vectors] = {}

    async def of(self, task: Task, request: "ModelRequest[Any]") -> "ModelRequest[Any]":
        """Return a request with the nearest tools, in their own order."""
        called = {each["name"] for message in request.messages for each in getattr(message, "tool_calls", ())}
        open_ = [each for each in request.tools if not isinstance(each, dict) and each.name not in called]
        room = max(0, self._most - (len(request.tools) - len(open_)))
        if len(open_) <= room:
            return request
        scores = await self._similarity(task, [f"{each.name}: {each.description}" for each in open_])
        kept = {open_[place].name for place in np.argsort(-scores, kind="stable")[:room]} | called
        tools = [each for each in request.tools if isinstance(each, dict) or each.name in kept]
        return request.override(tools=tools)

    async def _similarity(self, task: Task, texts: Sequence[str]) -> "np.ndarray[Any, Any]":
        embedder, ledger = task.pipeline.embedder, task.pipeline.ledger
        with task.working(), ledger.span(task.query_id, STAGE, embedder.name, IN_PROCESS, STAGE) as line:
            question, asked = await embedder.aembed_measured([task.turn["text"]], query=True)
            new = [text for text in texts if (embedder.name, text) not in self._vectors]
            vectors, read = await embedder.aembed_measured(new)
            for text, vector in zip(new, vectors, strict=True):
                self._vectors[embedder.name, text] = vector
            line.usage = asked + read
        scores: np.ndarray[Any, Any] = (
            np.stack([self._vectors[embedder.name, text] for text in texts]) @ question[0]
        )
        return scores
