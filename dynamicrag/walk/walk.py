"""One traversal of the topology: stage after stage to a draft, then the loop over drafts.

The order, and what a path passes by, are the topology's; what carries a step out is an executor: a live one
calls models and retrievers, another may read a recording.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dynamicrag.cost.vector import Cost
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import InputError
from dynamicrag.features.nearness import nearness
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.filtering import permitted_turn
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.stages.base import Run, StageBase, query_of
from dynamicrag.stages.decisions import moved, record
from dynamicrag.topology import TOPOLOGY
from dynamicrag.types import Decision, Draft, Escalation, Move, TurnState

Step = tuple[TurnState, list[Decision]]
"""The turn after a step, and the decisions that were made in it."""


class Executor(Protocol):
    """Carries out the steps of a walk."""

    async def take(self, stage: StageBase, turn: TurnState, run: Run) -> Step:
        """Decide at a stage, unless its option stands, and act."""
        ...

    async def foresee(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Return what is known of any draft, once its passages are found."""
        ...

    async def judge(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Return what changes in the turn when its draft has been judged."""
        ...

    async def choose(self, verification: Verification, turn: TurnState, run: Run) -> Decision:
        """Choose a move on the turn's draft."""
        ...

    async def make(self, move: Move, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Return what a move changes in the turn."""
        ...


@dataclass(frozen=True, slots=True)
class Walk:
    """Takes a turn along the topology.

    Attributes:
        stages: The policy's stages that lead to a draft, in order.
        verification: The loop over drafts.
        executor: Carries the steps out.
        corpora: Know the metadata of their documents, by which a call may filter.
    """

    stages: Mapping[str, StageBase]
    verification: Verification
    executor: Executor
    corpora: Collection[Corpus] = ()

    async def along(self, names: Sequence[str], turn: TurnState, run: Run) -> Step:
        """Take a turn through some stages; it ends early where no draft could pass.

        Args:
            names: The stages, in order.
            turn: The turn.
            run: The run.
        """
        decisions: list[Decision] = []
        for name in names:
            if turn["action"] == "abstain":
                break
            if name not in self.stages or TOPOLOGY[name].passed(turn["path"]):
                continue
            drafts = len(turn.get("earlier", []))
            turn, made = await self.executor.take(self.stages[name], turn, run)
            decisions += made
            if run.call.filter:  # whatever a stage has brought, of whosever making it is
                turn = await permitted_turn(turn, run.call.filter, self.corpora)
            if len(turn.get("earlier", [])) < drafts:
                break  # the way on led nowhere, and the draft before it is judged again
            if TOPOLOGY[name].evidence and name == self._last_evidence():
                turn, made = await self._foresee(turn, run)
                decisions += made
        return turn, decisions

    async def verify(self, turn: TurnState, run: Run) -> Step:
        """Judge the draft and move on it, until one is accepted or none is.

        Raises:
            InputError: There is none.
        """
        decisions: list[Decision] = []
        judged: Draft | None = None
        while turn["action"] != "abstain":
            draft = turn["draft"]
            if draft is None:
                raise InputError(
                    "verification: there is no draft to judge; let a node with stage='generator' come before "
                    "it"
                )
            draft = {**draft, "refined": False}
            if draft != judged:  # a draft that could not be mended was judged already
                turn = {**turn, **await self.executor.judge(self.verification, turn, run)}
                judged = draft
            # every draft has a verdict of its own
            path = {name: option for name, option in turn["path"].items() if name != self.verification.name}
            turn = {**turn, "path": path}
            decision = await self.executor.choose(self.verification, turn, run)
            move = self.verification.moves[self.verification.index(decision["chosen"])]
            run.emit({"type": "decision", **decision})
            turn = moved(turn, decision)
            decisions.append(decision)
            turn = {**turn, **await self.executor.make(move, self.verification, turn, run)}
            if move.kind in ("accept", "abstain"):
                break
            redo = turn["redo"]
            last = Escalation(
                reason=decision["reason"],
                stage=redo or self.verification.name,
                option="" if redo else move.kind,
            )
            turn = {**turn, "escalations": [*turn["escalations"], last]}
            if redo is not None:
                turn, made = await self.along(TOPOLOGY.drafting[TOPOLOGY.index(redo) :], turn, run)
                decisions += made
        return turn, decisions

    def _last_evidence(self) -> str:
        """Return the stage after which all is found that a draft may stand on."""
        return [name for name in self.stages if TOPOLOGY[name].evidence][-1]

    async def _foresee(self, turn: TurnState, run: Run) -> Step:
        """Abstain before anything is written, where the verdict on any draft would be to withhold it."""
        if not self.verification.foresees or not run.call.opens(self.verification.name, "abstain"):
            return turn, []
        abstain = [move.kind for move in self.verification.moves].index("abstain")
        turn = {**turn, **await self.executor.foresee(self.verification, turn, run)}
        decision = self._outside(turn, abstain) or await self._verdict_on_any(turn, abstain, run)
        if decision is None:
            return turn, []
        run.emit({"type": "decision", **decision})
        return {**moved(turn, decision), "action": "abstain", "redo": None}, [decision]

    def _outside(self, turn: TurnState, abstain: int) -> Decision | None:
        """Return the decision to abstain where the documents do not speak of the question at all."""
        if self.verification.settings.get("outside") != "abstain" or nearness(turn.get("known", {})) != "far":
            return None
        moves = self.verification.moves
        context = StageContext(
            stage=self.verification.name,
            query=query_of(turn),
            options=moves,
            allowed=[i == abstain for i in range(len(moves))],
            expected=[Cost()] * len(moves),
            left={},
            features=turn.get("known", {}),
            path=turn.get("path", {}),
        )
        choice = Choice(abstain, "the documents do not speak of it", outside=True)
        return record(context, choice, turn, "outside")

    async def _verdict_on_any(self, turn: TurnState, abstain: int, run: Run) -> Decision | None:
        """Return the decision to abstain where even a draft without any other fault would be withheld.

        The router is asked for its verdict on a draft of which only the signals are known that no draft can
        change. It counts if it is sure, and is not to go back to a stage first.
        """
        foreseen = turn.get("foreseen", {})
        if not foreseen:
            return None
        undrafted: TurnState = {**turn, "draft": None, "signals": foreseen, "unverified": {}}
        decision = await self.executor.choose(self.verification, undrafted, run)
        sure = decision["propensity"] == 1.0 and decision["chosen"] == self.verification.moves[abstain].name
        return decision if sure else None
