"""Shows a call only the tools that are nearest to the task's question."""

from typing import TYPE_CHECKING, Any

import numpy as np

from dynamicrag.cost.rates import IN_PROCESS
from dynamicrag.faces.langchain.task import Task

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest

STAGE = "tools"


async def nearest_tools(task: Task, request: "ModelRequest[Any]", most: int) -> "ModelRequest[Any]":
    """Return a request with at most ``most`` tools, nearest to the question first, in their own order.

    Similarity is the cosine of the policy's embeddings of the question and of each tool's name and
    description. The provider's tools, and tools that the task has called, always stay.
    """
    called = {each["name"] for message in request.messages for each in getattr(message, "tool_calls", ())}
    open_ = [each for each in request.tools if not isinstance(each, dict) and each.name not in called]
    room = most - (len(request.tools) - len(open_))
    if room <= 0 or len(open_) <= room:
        kept = open_[: max(0, room)] if room <= 0 else open_
    else:
        scores = await _similarity(task, [f"{each.name}: {each.description}" for each in open_])
        kept = [open_[place] for place in sorted(np.argsort(-scores, kind="stable")[:room])]
    names = {each.name for each in kept} | called
    tools = [each for each in request.tools if isinstance(each, dict) or each.name in names]
    return request.override(tools=tools)


async def _similarity(task: Task, texts: list[str]) -> "np.ndarray[Any, Any]":
    embedder, ledger = task.pipeline.embedder, task.pipeline.ledger
    with task.working(), ledger.span(task.query_id, STAGE, embedder.name, IN_PROCESS, STAGE) as line:
        question, asked = await embedder.aembed_measured([task.turn["text"]], query=True)
        vectors, read = await embedder.aembed_measured(texts)
        line.usage = asked + read
    scores: np.ndarray[Any, Any] = vectors @ question[0]
    return scores
