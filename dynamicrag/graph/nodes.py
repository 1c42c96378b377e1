"""The nodes of one object: both ends, and walks along the stages between them."""

from collections.abc import Mapping, Sequence
from functools import partial

from dynamicrag.graph.ask import Ask
from dynamicrag.graph.ends import Begin, Finish
from dynamicrag.graph.names import Names
from dynamicrag.graph.node import Node, StageNode, Work
from dynamicrag.graph.policies import Policies
from dynamicrag.records import Decision
from dynamicrag.stages.base import Run, option_names
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.turn import TurnState
from dynamicrag.walk.live import Live
from dynamicrag.walk.walk import Executor, Walk

ENDS: Mapping[str, type[Node]] = {"begin": Begin, "finish": Finish}


class Nodes:
    """The nodes of one object.

    Args:
        policies: The policies; they stay out of the state.
        executor: Executes the steps of the first policy; by default live, with its routers.

    Attributes:
        policies: As given.
        line: The stages of all policies by the node that decides them, in order.
    """

    def __init__(self, policies: Policies, executor: Executor | None = None) -> None:
        self.policies = policies
        self._walks = {
            name: Walk(
                each.stages,
                each.verification,
                executor or Live(each.decider, each.models),
                list(each.corpora.values()),
            )
            for name, each in policies.items()
        }
        self.line: dict[str, list[str]] = {}
        for name in policies.stages:
            self.line.setdefault(TOPOLOGY[name].node, []).append(name)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Valid names for a single node, in the order of a query."""
        return ("begin", *self.policies.stages, "finish")

    @property
    def options(self) -> dict[str, list[str]]:
        """Names of the options of every stage, under any of the policies."""
        found: dict[str, list[str]] = {}
        for pipeline in self.policies.values():
            for stage, names in option_names(pipeline.points).items():
                found.setdefault(stage, []).extend(names)
        return found

    @property
    def foresees(self) -> bool:
        """Whether a turn may end before a draft is written."""
        return any(each.verification.foresees for each in self.policies.values())

    @property
    def asks(self) -> bool:
        """Whether a turn may ask for more budget."""
        return any(each.budget.exhausted == "ask" for each in self.policies.values())

    def ask(self, name: str, names: Names) -> Node:
        """Return the node that asks for more budget."""
        return Ask(self.policies, name, names, self._walk)

    def node(self, stage: str, name: str, names: Names, *, whole: bool = False) -> Node:
        """Return the node of a stage, for sync and async graphs.

        Args:
            stage: A name of :attr:`stage_names`; the generator's node decides the prompt as well.
            name: The node's name.
            names: The keys of the graph's state.
            whole: Whether it belongs to the whole graph.
        """
        if stage in ENDS:
            return ENDS[stage](self.policies, name, names, whole=whole)
        works: dict[str, Work] = {"generator": self._write, VERIFICATION: self._verify}
        work = works.get(stage) or partial(self.along, [stage])
        return StageNode(self.policies, name, names, work, stage, whole=whole)

    def shared(self, node: str, names: Names) -> Node:
        """Return a node of the whole graph, with all stages that it decides."""
        stages = self.line[node]
        work = self._verify if stages == [VERIFICATION] else partial(self.along, stages)
        return StageNode(self.policies, node, names, work, stages[-1], whole=True)

    def _walk(self, turn: TurnState) -> Walk:
        return self._walks[turn.get("policy", "")]

    async def along(
        self, stages: Sequence[str], turn: TurnState, run: Run
    ) -> tuple[TurnState, list[Decision]]:
        """Take a turn through some stages of its policy; see :meth:`~dynamicrag.walk.walk.Walk.along`."""
        return await self._walk(turn).along(stages, turn, run)

    async def _verify(self, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        return await self._walk(turn).verify(turn, run)

    async def _write(self, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Write a draft; the prompt is decided too, and the context if no node has decided it."""
        shared = self.line[TOPOLOGY["generator"].node]
        unchosen = turn["candidates"] and "context" not in turn["path"]
        return await self.along([*(["context"] if unchosen else []), *shared], turn, run)
