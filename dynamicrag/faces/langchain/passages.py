"""Retrieval before an agent's first call: the policy's stages from ``retrieval`` to ``context``."""

from typing import TYPE_CHECKING, Any

from langchain_core.messages import SystemMessage

from dynamicrag.faces.langchain.task import Task
from dynamicrag.records import Decision
from dynamicrag.retrieval.filtering import permitted_turn
from dynamicrag.retrieval.labels import labels
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import TurnState
from dynamicrag.walk.live import Live

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest

HEADING = "Passages from the documents, which may help to answer the user's question:"


async def with_passages(task: Task, request: "ModelRequest[Any]") -> "ModelRequest[Any]":
    """Return a request with the passages of the task in its system message.

    They are retrieved once per task. The message is the same in all its calls, so that a prompt cache holds
    it, and is never written to the state.
    """
    if "retrieval" not in task.turn["path"]:
        with task.working():
            await _retrieve(task)
    passages = task.turn["passages"]
    if not passages:
        return request
    named = zip(labels(passages), passages, strict=True)
    shown = "\n\n".join([HEADING, *(f"[{name}] {each['text']}" for name, each in named)])
    return request.override(system_message=_with_text(request.system_message, shown))


def _with_text(system: SystemMessage | None, text: str) -> SystemMessage:
    """Return a system message with a text after its own; its blocks keep their marks for prompt caches."""
    if system is None:
        return SystemMessage(text)
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{text}".strip()})
    return system.model_copy(update={"content": [*system.content, {"type": "text", "text": text}]})


async def _retrieve(task: Task) -> None:
    pipeline, run = task.pipeline, task.run
    executor = Live(pipeline.decider, pipeline.models)
    turn: TurnState = {**task.turn, "path": {}}
    made: list[Decision] = []
    names = [name for name in TOPOLOGY.drafting if name not in ("prompt", "generator")]
    for name in names:
        if name in pipeline.stages and not TOPOLOGY[name].passed(turn["path"]):
            turn, decisions = await executor.take(pipeline.stages[name], turn, run)
            made += decisions
            if run.call.filter:
                turn = await permitted_turn(turn, run.call.filter, list(pipeline.corpora.values()))
    task.take({**turn, "path": {**task.turn["path"], **turn["path"]}}, made)
