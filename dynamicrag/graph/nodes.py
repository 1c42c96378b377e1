"""The nodes of one pipeline: both ends, and walks along the stages between them."""

from collections.abc import Mapping, Sequence

from dynamicrag.assembly import Pipeline
from dynamicrag.graph.ends import Begin, Finish
from dynamicrag.graph.names import Names
from dynamicrag.graph.node import Node, StageNode, Work
from dynamicrag.graph.recent import Recent
from dynamicrag.stages.base import Run, option_names
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.types import Decision, TurnState
from dynamicrag.walk.live import Live
from dynamicrag.walk.walk import Walk

ENDS: Mapping[str, type[Node]] = {"begin": Begin, "finish": Finish}


class Nodes:
    """The nodes of one pipeline.

    Args:
        pipeline: What they work with; it stays out of the state.

    Attributes:
        recent: The decisions of recent queries.
        line: The policy's stages by the node that decides them, in order.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.recent = Recent()
        self._walk = Walk(pipeline.stages, pipeline.verification, Live(pipeline.decider, pipeline.models))
        self.line: dict[str, list[str]] = {}
        for name in pipeline.points:
            self.line.setdefault(TOPOLOGY[name].node, []).append(name)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """What a single node may be, in the order of a query."""
        return ("begin", *self._pipeline.points, "finish")

    @property
    def options(self) -> dict[str, list[str]]:
        """Names of the options of every stage."""
        return option_names(self._pipeline.points)

    @property
    def foresees(self) -> bool:
        """Whether a turn may end before anything is written."""
        return self._pipeline.verification.foresees

    def node(self, stage: str, name: str, names: Names, *, begun: bool = False) -> Node:
        """Return the node of a stage, which a graph can call synchronously and asynchronously.

        Args:
            stage: One of :attr:`stage_names`; the generator's node decides the prompt as well.
            name: The node's name.
            names: The keys of the graph's state.
            begun: Whether another node has always begun the turn.
        """
        if stage in ENDS:
            return ENDS[stage](self._pipeline, self.recent, name, names, begun=begun)
        works: dict[str, Work] = {"generator": self._write, VERIFICATION: self._walk.verify}
        work = works.get(stage) or self._along([stage])
        return StageNode(self._pipeline, self.recent, name, names, work, stage, begun=begun)

    def shared(self, node: str, names: Names) -> Node:
        """Return a node of the whole graph, with all stages that it decides."""
        stages = self.line[node]
        work = self._walk.verify if stages == [VERIFICATION] else self._along(stages)
        return StageNode(self._pipeline, self.recent, node, names, work, stages[-1], begun=True)

    def _along(self, stages: Sequence[str]) -> Work:
        async def work(turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
            return await self._walk.along(stages, turn, run)

        return work

    async def _write(self, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Write a draft; the prompt is decided too, and the context if no node has decided it."""
        shared = self.line[TOPOLOGY["generator"].node]
        unchosen = turn["candidates"] and "context" not in turn["path"]
        return await self._walk.along([*(["context"] if unchosen else []), *shared], turn, run)
