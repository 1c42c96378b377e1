"""Shows a call only the tools that are nearest to the task's question."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dynamicrag.cost.profiles import IN_PROCESS, Profile, load_profiles
from dynamicrag.faces.langchain.task import Task

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest
    from numpy.typing import NDArray

    from dynamicrag.policy.assembly import Pipeline
    from dynamicrag.retrieval.embedder import Embedder, Vectors

STAGE = "tools"
KEPT = 4_096
"""Number of tools whose vectors are cached: descriptions may be made for each user."""


class ToolSet:
    """Chooses the tools of a request.

    Similarity is the cosine of the policy's embeddings: of the question, and of each tool's name and
    description. The provider's tools, and tools that the task has called, always stay.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._vectors: dict[tuple[Embedder, str], Vectors] = {}

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

    async def _similarity(self, task: Task, texts: Sequence[str]) -> "NDArray[np.float32]":
        embedder, ledger = task.pipeline.embedder, task.pipeline.ledger
        profile, here = _profile(task.pipeline), embedder.runs == "in_process"
        with task.working(), ledger.span(
            task.query_id, STAGE, embedder.name, profile, STAGE if here else embedder.name, kind="embeddings"
        ) as line:  # fmt: skip
            question, asked = await embedder.aembed_measured([task.turn["text"]], query=True)
            stored = ((text, self._vectors.get((embedder, text))) for text in texts)
            known = {text: vector for text, vector in stored if vector is not None}
            new = [text for text in texts if text not in known]
            vectors, read = await embedder.aembed_measured(new)
            line.usage = asked + read
        known |= zip(new, vectors, strict=True)
        with self._lock:
            self._vectors |= {(embedder, text): known[text] for text in new}
            while len(self._vectors) > KEPT:
                del self._vectors[next(iter(self._vectors))]
        scores: NDArray[np.float32] = np.stack([known[text] for text in texts]) @ question[0]
        return scores


def _profile(pipeline: "Pipeline") -> Profile:
    """Return the coefficients of the embedder, with the user's own if a corpus has them."""
    embedder = pipeline.embedder
    own = (each.profile for each in pipeline.corpora.values() if each.embedder is embedder)
    here = embedder.runs == "in_process"
    return next(own, IN_PROCESS if here else load_profiles().of(embedder.name, embedder.runs))
