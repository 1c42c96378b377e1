"""The work of every node, for any stage: decide, act, append the decision."""

from collections.abc import Mapping
from dataclasses import replace

from dynamicrag.assembly import Pipeline
from dynamicrag.errors import BudgetExceeded, ModelError, UnfinishedAnswer
from dynamicrag.features.nearness import nearness
from dynamicrag.graph.ends import Begin, Finish
from dynamicrag.graph.names import Names
from dynamicrag.graph.node import Node, StageNode, Work
from dynamicrag.graph.recent import Recent
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.call import pause
from dynamicrag.stages.decide import decided, option_of
from dynamicrag.stages.lighten import lighter
from dynamicrag.stages.second_asking import ASK_AGAIN
from dynamicrag.stages.verification import REFINE, VerificationStage
from dynamicrag.stages.ways import turned_back
from dynamicrag.types import Decision, Draft, Escalation, TurnState

ENDS: Mapping[str, type[Node]] = {"begin": Begin, "finish": Finish}
STAGE_NAMES = ("begin", "retrieval", "retriever", "context", "generator", "verification", "finish")
"""What a node may be, in the order of the graph."""


class Nodes:
    """The nodes of one pipeline.

    Args:
        pipeline: What they work with; it stays out of the state.

    Attributes:
        recent: The decisions of recent queries.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.recent = Recent()

    def node(self, stage: str, name: str, names: Names, *, begun: bool = False) -> Node:
        """Return the node of a stage, which a graph can call synchronously and asynchronously.

        Args:
            stage: One of :data:`STAGE_NAMES`.
            name: The node's name.
            names: The keys of the graph's state.
            begun: Whether another node has always begun the turn.
        """
        if stage in ENDS:
            return ENDS[stage](self._pipeline, self.recent, name, names, begun=begun)
        works: dict[str, Work] = {
            "retriever": self.retrieve,
            "generator": self.generate,
            "verification": self.verify,
        }
        work = works.get(stage) or self.stage(stage)
        return StageNode(self._pipeline, self.recent, name, names, work, stage, begun=begun)

    def stage(self, *names: str) -> Work:
        """Return the work of one stage, or of several that share a node."""

        async def work(turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
            decisions: list[Decision] = []
            for name in names:
                turn, made = await self._pass(self._pipeline.stages[name], turn, run)
                decisions += made
            return turn, decisions

        return work

    async def retrieve(self, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Search; where nothing near is found and the policy then abstains, nothing is written."""
        turn, decisions = await self.stage("retriever")(turn, run)
        stage = self._pipeline.stages["verification"]
        if self._pipeline.policy.outside == "answer" or nearness(await self._found(turn)) != "far":
            return turn, decisions
        decision = self._pipeline.decider.abstain(stage, turn, "the documents do not speak of it")
        turn = {**self._take(stage, turn, decision, decisions, run), "action": "abstain", "outside": True}
        return turn, decisions

    async def _found(self, turn: TurnState) -> dict[str, float]:
        return {**turn.get("known", {}), **await self._pipeline.stages["context"].features(turn)}

    async def generate(self, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Write a draft, from what ``context`` chose; if nothing did, that is chosen first."""
        if turn["action"] == "abstain":
            return turn, []
        unchosen = turn["candidates"] and "context" not in turn["path"]
        return await self.stage(*(["context"] if unchosen else []), "prompt", "generator")(turn, run)

    async def verify(self, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Judge the draft and decide on it; one that was mended is judged again."""
        stage = self._pipeline.stages["verification"]
        assert isinstance(stage, VerificationStage)
        if turn["action"] == "abstain":
            return turn, []
        judged: Draft | None = None
        decisions: list[Decision] = []
        while True:
            draft = turn["draft"]
            assert draft is not None, "verification comes after generation"
            draft = {**draft, "refined": False}
            if draft != judged:  # one that could not be mended was judged already
                turn, judged = {**turn, **await stage.judge(turn, run)}, draft
            # a verdict is given anew on every draft
            path = {key: value for key, value in turn["path"].items() if key != stage.name}
            turn, made = await self._pass(stage, {**turn, "path": path}, run)
            decisions += made
            redo = turn["redo"] or (stage.name if turn["action"] in (REFINE, ASK_AGAIN) else None)
            if redo is None:
                return turn, decisions
            option = turn["action"] or "" if redo == stage.name else ""
            last = Escalation(reason=made[-1]["reason"], stage=redo, option=option)
            turn = {**turn, "escalations": [*turn["escalations"], last]}
            if turn["redo"] is not None:
                return turn, decisions

    async def _pass(self, stage: StageBase, turn: TurnState, run: Run) -> tuple[TurnState, list[Decision]]:
        """Decide at a stage, unless its option stands from before an escalation, and act."""
        decisions: list[Decision] = []
        escalated = turn["redo"] == stage.name
        if escalated or stage.name not in turn["path"]:
            turn = self._take(stage, turn, await self._pipeline.decider.decide(stage, turn), decisions, run)
        failed: set[str] = set()
        unfinished: dict[str, UnfinishedAnswer] = {}
        tries = 0
        while True:
            if escalated:
                last: Escalation = {**turn["escalations"][-1], "option": turn["path"][stage.name]}
                turn = {**turn, "escalations": [*turn["escalations"][:-1], last]}
            option = option_of(stage, turn)
            try:
                asked = replace(run, failed=frozenset(failed))
                return {**turn, **await stage.act(option, turn, asked)}, decisions
            except (ModelError, BudgetExceeded) as error:
                failed.add(option.name)
                if isinstance(error, UnfinishedAnswer):
                    unfinished[option.name] = error
                dear = isinstance(error, BudgetExceeded)
                decision = await self._pipeline.decider.fall_back(
                    stage, turn, failed, f"{'too dear' if dear else 'after failure'}: {error}", cheaper=dear
                )
                if decision is not None:
                    turn = self._take(stage, turn, decision, decisions, run)
                    continue
                less = None if unfinished else lighter(stage.name, turn, error)
                if less is not None:
                    turn, failed = less, set()
                    continue
                if turn.get("earlier"):
                    # the draft that was to be bettered is judged again, with this step used up
                    return turned_back(turn), decisions
                if unfinished:
                    return await self._make_do(stage, turn, unfinished, decisions, run), decisions
                await self._wait(error, option.name, tries, turn, run)
            tries += 1
            run = replace(run, last_resort=True)

    async def _wait(self, error: Exception, name: str, tries: int, turn: TurnState, run: Run) -> None:
        """Wait until the only model can be asked again, or raise the error where that is not worth it."""
        model = self._pipeline.models.get(name)
        if model is None or not isinstance(error, ModelError):
            raise error
        if not await pause(error, tries, model, run, turn["id"]):
            raise error

    async def _make_do(
        self,
        stage: StageBase,
        turn: TurnState,
        unfinished: Mapping[str, UnfinishedAnswer],
        decisions: list[Decision],
        run: Run,
    ) -> TurnState:
        """Take the strongest option that left something, where none has finished."""
        name = max(unfinished, key=stage.index)
        why = f"no model finished its answer, so what there is of {name}'s stands: {unfinished[name]}"
        if turn["path"][stage.name] != name:
            decision = await self._pipeline.decider.make_do(stage, turn, name, why)
            turn = self._take(stage, turn, decision, decisions, run)
        made: TurnState = {**turn, **unfinished[name].instead}
        return made

    def _take(
        self, stage: StageBase, turn: TurnState, decision: Decision, decisions: list[Decision], run: Run
    ) -> TurnState:
        decisions.append(decision)
        run.emit({"type": "decision", **decision})
        return decided(turn, stage, decision)
