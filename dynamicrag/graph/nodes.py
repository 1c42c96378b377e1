"""Nodes with both faces, for any stage: decide, act, append the decision.

A node's work is one coroutine; ``invoke`` and ``ainvoke`` both reach it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.config import get_stream_writer

from dynamicrag import portal
from dynamicrag.assembly import Pipeline
from dynamicrag.cost.bookkeeper import Finished
from dynamicrag.errors import BudgetExceeded, ProviderError
from dynamicrag.graph.turn import condense, current_turn, finish, start_turn
from dynamicrag.stages.base import Emit, Run, StageBase
from dynamicrag.stages.decide import decided, option_of
from dynamicrag.stages.verification import VerificationStage
from dynamicrag.types import Decision, Escalation, TurnState

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
    """

    def __init__(self, pipeline: Pipeline, work: Work, name: str) -> None:
        self.name = name
        self._pipeline = pipeline
        self._work = work

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> Update:  # noqa: A002, ARG002
        """Do the work and block until it is done."""
        return portal.run(self._go(input, config, get_stream_writer()))

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> Update:  # noqa: A002, ARG002
        """Do the work."""
        return await self._go(input, config, get_stream_writer())

    async def _go(self, state: State, config: RunnableConfig | None, emit: Emit) -> Update:
        pipeline = self._pipeline
        run = Run(pipeline.ledger, pipeline.budget, pipeline.cost_model, config, emit)
        try:
            return await self._work(state, run)
        except BaseException as error:
            turn: TurnState | None = state.get("turn")
            if turn and pipeline.ledger.account(turn["id"]).lines:
                submit(pipeline, turn, config, {"path": turn["path"], "error": type(error).__name__})
            raise


def submit(
    pipeline: Pipeline, turn: TurnState, config: RunnableConfig | None, facts: Mapping[str, Any]
) -> None:
    """Hand a query that is over to the bookkeeper."""
    thread = ((config or {}).get("configurable") or {}).get("thread_id")
    named = {"policy": pipeline.policy.name, "thread": str(thread or "")}
    pipeline.bookkeeper.submit(Finished(turn["id"], turn["text"], {**named, **facts}))


class Nodes:
    """The nodes of one pipeline.

    Args:
        pipeline: What they work with; it stays out of the state.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def node(self, work: Work, name: str) -> "Node":
        """Wrap ``work`` so that a graph can call it synchronously and asynchronously."""
        return Node(self._pipeline, work, name)

    async def begin(self, state: State, run: Run) -> Update:
        """Start a turn; a follow-up is made to stand alone."""
        turn = await condense(start_turn(state["messages"]), self._pipeline, run)
        return {"turn": turn, "report": {}}

    def stage(self, *names: str) -> Work:
        """Return the work of one stage, or of several that share a node."""

        async def work(state: State, run: Run) -> Update:
            turn = current_turn(state)
            decisions: list[Decision] = []
            for name in names:
                turn, made = await self._pass(self._pipeline.stages[name], turn, run)
                decisions += made
            return {"turn": turn, "decisions": decisions}

        return work

    async def generate(self, state: State, run: Run) -> Update:
        """Write a draft, from what ``context`` chose; if nothing did, that is chosen first."""
        turn = current_turn(state)
        unchosen = turn["candidates"] and "context" not in turn["path"]
        return await self.stage(*(["context"] if unchosen else []), "prompt", "generator")(state, run)

    async def verify(self, state: State, run: Run) -> Update:
        """Judge the draft and decide on it."""
        stage = self._pipeline.stages["verification"]
        assert isinstance(stage, VerificationStage)
        turn = current_turn(state)
        turn = {**turn, "signals": await stage.signals(turn, run)}
        # a verdict is given anew on every draft
        path = {key: value for key, value in turn["path"].items() if key != stage.name}
        turn, decisions = await self._pass(stage, {**turn, "path": path}, run)
        redo = turn["redo"]
        if redo is not None:
            last = Escalation(reason=decisions[-1]["reason"], stage=redo, option="")
            turn = {**turn, "escalations": [*turn["escalations"], last]}
        return {"turn": turn, "decisions": decisions}

    async def finish(self, state: State, run: Run) -> Update:
        """Turn the accepted draft into a message, and report."""
        turn = current_turn(state)
        update = finish(turn, self._pipeline)
        report = update["report"]
        run.emit({"type": "report", **report})
        steps = [f"{step['stage']}:{step['option']}" for step in turn["escalations"]]
        facts = {"path": turn["path"], "abstained": report["abstained"], "escalations": steps}
        if self._pipeline.policy.runs.text:
            facts |= {"question": turn["original"], "answer": update["messages"][0].text}
        submit(self._pipeline, turn, run.config, facts)
        return update

    async def _pass(self, stage: StageBase, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Decide at a stage, unless its option stands from before an escalation, and act."""
        decisions: list[Decision] = []
        escalated = turn["redo"] == stage.name
        if escalated or stage.name not in turn["path"]:
            turn = self._take(stage, turn, await self._pipeline.decider.decide(stage, turn), decisions, run)
        failed: set[str] = set()
        while True:
            if escalated:
                last: Escalation = {**turn["escalations"][-1], "option": turn["path"][stage.name]}
                turn = {**turn, "escalations": [*turn["escalations"][:-1], last]}
            try:
                return {**turn, **await stage.act(option_of(stage, turn), turn, run)}, decisions
            except (ProviderError, BudgetExceeded) as error:
                failed.add(turn["path"][stage.name])
                dear = isinstance(error, BudgetExceeded)
                decision = await self._pipeline.decider.fall_back(
                    stage, turn, failed, f"{'too dear' if dear else 'after failure'}: {error}", cheaper=dear
                )
                if decision is None:
                    if not (dear and escalated):
                        raise
                    # the draft that was to be bettered is judged again, with this step used up
                    kept: TurnState = {**turn, "redo": None}
                    return kept, decisions
                turn = self._take(stage, turn, decision, decisions, run)

    def _take(
        self, stage: StageBase, turn: TurnState, decision: Decision, decisions: list[Decision], run: Run
    ) -> TurnState:
        decisions.append(decision)
        run.emit({"type": "decision", **decision})
        return decided(turn, stage, decision)
