"""A node with both faces: one coroutine, reached by ``invoke`` and by ``ainvoke``."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.runtime import get_runtime

from dynamicrag import portal
from dynamicrag.assembly import Pipeline
from dynamicrag.cost.bookkeeper import Finished
from dynamicrag.graph.calls import call_options
from dynamicrag.graph.recent import Recent
from dynamicrag.stages.base import Emit, Run
from dynamicrag.types import Decision, TurnState

State = Mapping[str, Any]
Update = dict[str, Any]
Work = Callable[[State, Run], Awaitable[Update]]


class Node(Runnable[Any, Any]):
    """A node with both faces. LangGraph calls it; it decides, acts, and charges what fails.

    A plain ``Runnable``: LangGraph traces nodes itself, and a ``RunnableLambda`` would do so again.

    Args:
        pipeline: What it works with.
        work: The work.
        name: The node's name.
        recent: Where decisions are kept for those who do not read the state.
    """

    def __init__(self, pipeline: Pipeline, work: Work, name: str, recent: Recent) -> None:
        self.name = name
        self._pipeline = pipeline
        self._work = work
        self._recent = recent

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> Update:  # noqa: A002, ARG002
        """Do the work and block until it is done."""
        return portal.run(self._go(input, config, get_stream_writer(), _context()))

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> Update:  # noqa: A002, ARG002
        """Do the work."""
        return await self._go(input, config, get_stream_writer(), _context())

    async def _go(self, state: State, config: RunnableConfig | None, emit: Emit, context: object) -> Update:
        pipeline = self._pipeline
        call = call_options(config, context, pipeline)
        budget = pipeline.budget.tightened(call.budget, "the call's budget")
        run = Run(pipeline.ledger, budget, pipeline.cost_model, config, emit, call=call)
        try:
            update = await self._work(state, run)
        except BaseException as error:
            turn: TurnState | None = state.get("turn")
            if turn and pipeline.ledger.account(turn["id"]).lines:
                submit(pipeline, turn, run, {"path": turn["path"], "error": type(error).__name__})
            raise
        made: list[Decision] = update.get("decisions", [])
        if made:
            query = made[0]["turn"]
            before = [one for one in state.get("decisions") or [] if one["turn"] == query]
            self._recent.put(query, [*before, *made])
        return update


def _context() -> object:
    """Return the run's context, ``None`` where it has none."""
    return getattr(get_runtime(), "context", None)


def submit(pipeline: Pipeline, turn: TurnState, run: Run, facts: Mapping[str, Any]) -> None:
    """Hand a query that is over to the bookkeeper."""
    thread = ((run.config or {}).get("configurable") or {}).get("thread_id")
    named = {
        "policy": pipeline.policy.name,
        "thread": str(thread or ""),
        "tags": list(run.call.tags),
        "user": run.call.user,
    }
    pipeline.bookkeeper.submit(Finished(turn["id"], turn["text"], {**named, **facts}))
