"""The work of every node: a walk along its stages."""

from collections.abc import Sequence

from dynamicrag.assembly import Pipeline
from dynamicrag.graph.condense import condense
from dynamicrag.graph.node import Node, State, Update, Work, submit
from dynamicrag.graph.turn import current_turn, finish, start_turn, turn_before
from dynamicrag.stages.base import Run
from dynamicrag.topology import TOPOLOGY
from dynamicrag.walk.live import Live
from dynamicrag.walk.walk import Executor, Walk


class Nodes:
    """The nodes of one pipeline.

    Args:
        pipeline: What they work with; it stays out of the state.
        executor: Carries the steps out; by default live, by the policy's routers.
    """

    def __init__(self, pipeline: Pipeline, executor: Executor | None = None) -> None:
        self._pipeline = pipeline
        executor = executor or Live(pipeline.decider, pipeline.models)
        self._walk = Walk(pipeline.stages, pipeline.verification, executor)

    @property
    def line(self) -> dict[str, list[str]]:
        """The policy's stages by the node that decides them, in order."""
        found: dict[str, list[str]] = {}
        for name in self._pipeline.points:
            found.setdefault(TOPOLOGY[name].node, []).append(name)
        return found

    def node(self, work: Work, name: str) -> Node:
        """Wrap ``work`` so that a graph can call it synchronously and asynchronously."""
        return Node(self._pipeline, work, name)

    def works(self) -> dict[str, Work]:
        """Return the work of single nodes by the stage that they are added for."""
        works: dict[str, Work] = {"begin": self.begin}
        for names in self.line.values():
            works |= {name: self.stages([name]) for name in names}
        return {**works, "generator": self.write, "verification": self.verify, "finish": self.finish}

    async def begin(self, state: State, run: Run) -> Update:
        """Start a turn; a follow-up is made to stand alone."""
        turn = await condense(start_turn(state["messages"]), turn_before(state), self._pipeline, run)
        return {"turn": turn, "report": {}}

    def stages(self, names: Sequence[str]) -> Work:
        """Return the work of stages that share a node."""

        async def work(state: State, run: Run) -> Update:
            turn = current_turn(state)
            if turn["action"] == "abstain":
                return {}
            turn, decisions = await self._walk.along(names, turn, run)
            return {"turn": turn, "decisions": decisions}

        return work

    async def write(self, state: State, run: Run) -> Update:
        """Write a draft; the prompt is decided too, and the context in a graph that has no node for it."""
        turn = current_turn(state)
        shared = self.line[TOPOLOGY["generator"].node]
        unchosen = turn["candidates"] and "context" not in turn["path"]
        return await self.stages([*(["context"] if unchosen else []), *shared])(state, run)

    async def verify(self, state: State, run: Run) -> Update:
        """Judge the draft and decide on it, until one is accepted or none is."""
        turn, decisions = await self._walk.verify(current_turn(state), run)
        return {"turn": turn, "decisions": decisions}

    async def finish(self, state: State, run: Run) -> Update:
        """Turn the accepted draft into a message, and report."""
        turn = current_turn(state)
        update = finish(turn, self._pipeline)
        report = update["report"]
        run.emit({"type": "report", **report})
        steps = [f"{step['stage']}:{step['option']}" for step in turn["escalations"]]
        facts = {"path": turn["path"], "abstained": report["abstained"], "escalations": steps}
        facts["signals"] = turn["signals"]
        if self._pipeline.policy.runs.text:
            facts |= {"question": turn["original"], "answer": update["messages"][0].text}
        submit(self._pipeline, turn, run.config, facts)
        return update
