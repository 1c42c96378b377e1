"""One traversal of the topology: stage after stage to a draft, then the loop over drafts.

The topology sets the order and the skipped stages; an executor executes the steps: the live one calls models
and retrievers, another replays a recording.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from dynamicrag import traces
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import InputError
from dynamicrag.features.nearness import nearness
from dynamicrag.records import Decision
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.filtering import permitted_turn
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.decisions import moved
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import Draft, Escalation, TurnState
from dynamicrag.types import Move
from dynamicrag.walk.lacking import Lacking, abstention, ends_only, lack_of, refused, standing_turn

Step = tuple[TurnState, list[Decision]]
"""The turn after a step, and the decisions made in it."""


class Executor(Protocol):
    """Executes the steps of a walk.

    :meth:`take` and :meth:`choose` raise :class:`.Lacking` if the turn stops until the graph has asked for
    more budget.
    """

    async def take(self, stage: StageBase, turn: TurnState, run: Run) -> Step:
        """Decide at a stage, unless its option is already chosen, and act."""

    async def foresee(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Return the changes of the turn by signals that hold for any draft over its passages."""

    async def judge(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Return the changes of the turn by judging its draft."""

    async def choose(self, verification: Verification, turn: TurnState, run: Run) -> Decision:
        """Choose a move on the turn's draft."""

    async def make(self, move: Move, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Return the changes of the turn by a move."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Takes a turn along the topology.

    Attributes:
        stages: The policy's stages before the draft, in order.
        verification: The loop over drafts.
        executor: Executes the steps.
        corpora: The corpora, with the metadata for a call's filter.
    """

    stages: Mapping[str, StageBase]
    verification: Verification
    executor: Executor
    corpora: Collection[Corpus] = ()

    async def along(self, names: Sequence[str], turn: TurnState, run: Run) -> Step:
        """Take a turn through some stages; stops early if no draft could be accepted, or budget is lacking.

        A turn that was granted more budget continues at the stage that lacked it.
        """
        decisions: list[Decision] = []
        resumes = turn.get("resumes")
        for name in names[names.index(resumes) :] if resumes in names else names:
            if turn["action"] == "abstain":
                break
            if name not in self.stages or TOPOLOGY[name].passed(turn["path"]):
                continue
            drafts = len(turn.get("earlier", []))
            try:
                with traces.stage(name, redone=turn["redo"] == name):
                    turn, made = await self.executor.take(self.stages[name], turn, run)
                    traces.note({"dynamicrag.option": turn["path"].get(name)})
            except Lacking as lacking:
                return await self._lacks(lacking, run), decisions + lacking.decisions
            decisions += made
            if run.call.filter:  # the evidence of any stage, built-in or user-defined
                turn = await permitted_turn(turn, run.call.filter, self.corpora)
            if len(turn.get("earlier", [])) < drafts:
                break  # the path gave no draft; the draft before it is judged again
            if self._completes_basis(name, turn):
                turn, made = await self._foresee(turn, run)
                decisions += made
        if turn.get("resumes"):
            turn = {**turn, "resumes": ""}
        return turn, decisions

    async def verify(self, turn: TurnState, run: Run) -> Step:
        """Judge the draft and execute moves on it, until a draft is accepted or the turn abstains.

        Raises:
            InputError: There is no draft.
        """
        decisions: list[Decision] = []
        judged: Draft | None = None
        resumes = turn.get("resumes")
        if resumes == self.verification.name and turn["draft"] is not None:
            judged = {**turn["draft"], "refined": False}  # before the turn stopped
        elif resumes:
            turn, decisions = await self._redo(resumes, turn, run)
        while turn["action"] != "abstain" and not turn.get("lack"):
            draft = turn["draft"]
            if draft is None:
                raise InputError(
                    "verification: there is no draft to judge; let a node with stage='generator' come before "
                    "it"
                )
            with traces.stage(self.verification.name):
                draft = {**draft, "refined": False}
                if draft != judged:  # a draft whose refining failed was judged already
                    turn = {**turn, **await self.executor.judge(self.verification, turn, run)}
                    judged = draft
                # every draft has its own verdict
                path = {
                    name: option for name, option in turn["path"].items() if name != self.verification.name
                }
                turn = {**turn, "path": path}
                try:
                    decision = await self.executor.choose(self.verification, turn, run)
                except Lacking as lacking:
                    turn = await self._lacks(lacking, run)
                    break
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
                turn, made = await self._redo(redo, turn, run)
                decisions += made
        return turn, decisions

    async def _redo(self, stage: str, turn: TurnState, run: Run) -> Step:
        """Take a turn from a stage to its next draft, within verification's node."""
        return await self.along(TOPOLOGY.drafting[TOPOLOGY.index(stage) :], turn, run)

    async def _lacks(self, lacking: Lacking, run: Run) -> TurnState:
        """Return the turn that waits for more budget, with the verdict in case it is refused."""
        otherwise: Decision | None = None
        stands = standing_turn(lacking.turn, lacking.shortage.stage, self.verification)
        if stands["draft"] is not None:
            ends = replace(run, call=ends_only(self.verification, run.call))
            otherwise = await self.executor.choose(self.verification, stands, ends)
        return lack_of(lacking, self.verification, otherwise)

    async def refuse(self, turn: TurnState, run: Run) -> Step:
        """End a turn that lacks budget and is refused more, with the draft that stands, if any."""
        return await refused(turn, self.verification, run)

    def _completes_basis(self, name: str, turn: TurnState) -> bool:
        """Return whether the basis of a draft is complete after a stage.

        It is after the last stage with evidence that the path does not skip. If it skips all of them and
        there are passages nevertheless, it is after the stage that skips them.
        """
        stages = [each for each in self.stages if TOPOLOGY[each].evidence]
        searched = [each for each in stages if not TOPOLOGY[each].passed(turn["path"])]
        if searched or not turn.get("candidates"):
            return name == next(reversed(searched), None)
        return name == TOPOLOGY[stages[-1]].gate(turn["path"])

    async def _foresee(self, turn: TurnState, run: Run) -> Step:
        """Abstain before a draft is written if any draft would be withheld."""
        if not self.verification.foresees or not run.call.opens(self.verification.name, "abstain"):
            return turn, []
        with traces.stage(self.verification.name):
            turn = {**turn, **await self.executor.foresee(self.verification, turn, run)}
            if self._outside(turn):
                why = "the documents do not cover it"
                decision = abstention(self.verification, turn, why, "outside", outside=True)
            else:
                decision = await self._verdict_on_any(turn, run)
            if decision is None:
                return turn, []
            run.emit({"type": "decision", **decision})
            return {**moved(turn, decision), "action": "abstain", "redo": None}, [decision]

    def _outside(self, turn: TurnState) -> bool:
        """Return whether the policy abstains from the question because no document covers it."""
        outside = self.verification.settings.get("outside")
        return outside == "abstain" and nearness(turn.get("known", {})) == "far"

    async def _verdict_on_any(self, turn: TurnState, run: Run) -> Decision | None:
        """Return the decision to abstain if even an otherwise flawless draft would be withheld.

        The router judges a draft with only the draft-independent signals. Its verdict counts if
        it is certain and does not first go back to a stage.
        """
        foreseen = turn.get("foreseen", {})
        if not foreseen:
            return None
        undrafted: TurnState = {**turn, "draft": None, "signals": foreseen, "unverified": {}}
        decision = await self.executor.choose(self.verification, undrafted, run)
        move = self.verification.moves[self.verification.index(decision["chosen"])]
        return decision if decision["propensity"] == 1.0 and move.kind == "abstain" else None
