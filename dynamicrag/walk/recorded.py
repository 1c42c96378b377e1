"""The recorded executor: it decides with the policy's routers, and replays a recording.

Nothing is called and nothing is spent. A choice that leads to no recorded draft is closed, counted, and made
again among the recorded options. Limits of cost close nothing here, because worst cases are not recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.expect import Plan
from dynamicrag.cost.vector import Cost
from dynamicrag.drafts.judging import UNVERIFIED
from dynamicrag.drafts.making import make, refined
from dynamicrag.drafts.verification import Verification
from dynamicrag.features.lexical import lexical
from dynamicrag.records import Decision, Passage
from dynamicrag.routers.base import StageContext
from dynamicrag.stages.base import DecisionPoint, Run, StageBase, query_of
from dynamicrag.stages.choices import chosen
from dynamicrag.stages.decide import on_the_way
from dynamicrag.stages.decisions import decided, record, rounded, stepped_up
from dynamicrag.stages.planning import Planner
from dynamicrag.stages.situation import Situation
from dynamicrag.stages.ways import standing, wanted_option
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import TurnState
from dynamicrag.types import Move
from dynamicrag.walk.recording import Recording, evidence
from dynamicrag.walk.walk import Step

FOUND = Passage(id="recorded", document="recorded", title="", text="", score=0.0)
"""Placeholder for the passages of a recorded path."""


class Recorded:
    """Executes the steps of a walk on one question's recording.

    Args:
        stages: The policy's stages; the last one writes the draft.
        verification: The policy's verification.
        recording: The recording of the question.

    Attributes:
        drafts: Numbers of the written drafts, in order.
        unrecorded: Choices that lead to no recorded draft, as ``stage:option``.
    """

    def __init__(
        self, stages: Mapping[str, StageBase], verification: Verification, recording: Recording
    ) -> None:
        self.recording = recording
        self.stages = stages
        self.planned = {name: stage.planned().name for name, stage in stages.items()}
        self.planner = Planner(stages)
        self.doubts = verification.doubts
        self.drafts: list[int] = []
        self.unrecorded: list[str] = []

    async def take(self, stage: StageBase, turn: TurnState, run: Run) -> Step:  # noqa: ARG002
        """Decide at a stage, unless its option is already chosen, and follow the matching recorded paths.

        If a stage was not varied, the planned option represents the recorded one.
        """
        decisions: list[Decision] = []
        redone = turn["redo"] == stage.name
        if redone or stage.name not in turn["path"]:
            if self.recording.paths.varies(stage.name):
                if self.planner.due(stage, turn):
                    plan = await self.planner.plan(stage, turn, self.planned, self._sketch)
                    turn = {**turn, "plan": {**turn.get("plan", {}), **plan}}
                decisions.append(await self.decide(stage, turn))
                turn = decided(turn, decisions[0])
            else:
                turn = {**turn, "path": {**turn["path"], stage.name: stage.planned().name}}
        if redone:
            turn = stepped_up(turn, stage.name)
        if evidence(stage.name):
            brought = self.recording.brought(stage.name, turn["path"])
            found = [FOUND] if brought.get("passages", 1.0) else []
            known = {**turn.get("known", {}), **brought}
            turn = {**turn, "known": known, "candidates": found, "passages": found}
        if stage.name == next(reversed(self.planned)):
            turn = self._written(turn)
        return turn, decisions

    async def decide(self, stage: StageBase, turn: TurnState) -> Decision:
        """Decide at a stage with its router, among the recorded options."""
        path, paths = turn["path"], self.recording.paths
        plan = turn.get("plan")
        recorded = [bool(paths.agreeing({**path, stage.name: option.name})) for option in stage.options]
        context = await self._sketch(stage, turn)
        if wanted_option(turn, stage.name) is not None:
            return record(context, on_the_way(context, turn), turn, stage.router.registered, plan=plan)
        choice = await chosen(stage.router, context)
        if not recorded[choice.index]:
            self._note(stage.name, stage.options[choice.index].name)
            open_ = [a and b for a, b in zip(context.allowed, recorded, strict=True)]
            context = replace(context, allowed=open_ if any(open_) else recorded)
            choice = await chosen(stage.router, context)
        return record(context, choice, turn, stage.router.registered, plan=plan)

    async def _sketch(self, stage: StageBase, turn: TurnState) -> StageContext:
        """Return the context of a stage's decision, with every option priced as recorded."""
        path = turn["path"]
        return replace(
            self._context(stage, turn, self.recording.ahead(path)),
            allowed=stage.allowed(turn),
            expected=self._prices([{**path, stage.name: option.name} for option in stage.options]),
        )

    def _prices(self, paths: Sequence[Mapping[str, str]]) -> list[Cost]:
        """Return the expected cost of each path; without a recording, that of the most expensive path."""
        recorded = [bool(self.recording.paths.agreeing(path)) for path in paths]
        found = [self._price(path) for path in paths]
        highest = Cost({(d, "modelled"): max(cost[d] for cost in found) for d in DIMENSIONS})
        return [cost if known else highest for cost, known in zip(found, recorded, strict=True)]

    async def foresee(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Return the recorded signals of the verifiers that need no draft."""
        early = [own for own in verification.verifiers.values() if not own.reads_draft and own.computes]
        names = {signal.name for verifier in early for signal in verifier.gives}
        return {"foreseen": self.recording.foreseen(names, turn["path"])}

    async def judge(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Return the recorded signals of the draft."""
        draft = turn["draft"]
        assert draft is not None, "a draft is judged after it was written"
        signals = self.recording.judged(int(draft["message_id"]))
        failed = {"recorded": "the verifier could not judge the draft"} if signals.get(UNVERIFIED) else {}
        return {"signals": signals, "unverified": failed}

    async def choose(self, verification: Verification, turn: TurnState, run: Run) -> Decision:  # noqa: ARG002
        """Choose a move with the policy's router, among the recorded ones."""
        situation = verification.situation(turn, lambda _: Plan())  # costs are from the recording
        context = replace(
            self._context(verification, turn, rounded(await verification.features(turn))),
            allowed=_narrowed(situation, situation.open),
            expected=[self._expected(move, verification, turn) for move in verification.moves],
            attempts=situation.attempts,
            ways=situation.ways,
            steps=situation.steps,
        )
        choice = await chosen(verification.router, context)
        move = verification.moves[choice.index]
        if turn.get("draft") is not None and not self._recorded(move, verification, turn, choice.path):
            self._note(verification.name, move.name)
            open_ = [
                is_open and self._recorded(each, verification, turn)
                for is_open, each in zip(situation.open, verification.moves, strict=True)
            ]
            ways = [way for way in situation.ways if self._reaches(way, turn)]
            context = replace(context, allowed=_narrowed(situation, open_), ways=ways)
            choice = await chosen(verification.router, context)
        return record(context, choice, turn, verification.router.registered)

    async def make(self, move: Move, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Execute a move."""
        if move.kind != "refine":
            return await make(move, verification, turn, run)
        number = self.recording.paths.agreeing(turn["path"], refined=True)[0]
        self.drafts.append(number)
        return refined(self.recording.draft(number, verification.editor(move, turn) or ""), turn, run)

    def _context(self, point: DecisionPoint, turn: TurnState, signals: Mapping[str, float]) -> StageContext:
        ahead = {**self.planned, **turn.get("plan", {}), **turn["path"]}
        return StageContext(
            stage=point.name,
            query=query_of(turn),
            options=point.options,
            allowed=[True] * len(point.options),
            expected=[Cost()] * len(point.options),
            left={},
            features={**lexical(turn["text"]), **turn.get("known", {}), **signals},
            path=turn["path"],
            settings=point.settings,
            price=self._price,
            plan={name: stage.options[stage.index(ahead[name])] for name, stage in self.stages.items()},
            doubts=self.doubts,
        )

    def _price(self, path: Mapping[str, str]) -> Cost:
        """Return the expected cost of a path, with the other stages as planned if that was recorded."""
        whole = {**self.planned, **path}
        return self.recording.price(whole if self.recording.paths.agreeing(whole) else path)

    def _expected(self, move: Move, verification: Verification, turn: TurnState) -> Cost:
        """Return the expected cost of a move."""
        path, draft, price = turn["path"], turn.get("draft"), Cost()
        ways = self._ways(move, verification, turn)
        if ways:
            price = self._price({**standing(path, ways[0]), **ways[0]})
        edited = self.recording.paths.agreeing(path, refined=True) if move.kind == "refine" else ()
        if edited and draft is not None:
            whole, own = (self.recording.drafts[n].expected for n in (edited[0], int(draft["message_id"])))
            price = Cost({(d, "modelled"): max(0.0, whole[d] - own[d]) for d in DIMENSIONS})
        return price

    def _recorded(
        self, move: Move, verification: Verification, turn: TurnState, way: Mapping[str, str] | None = None
    ) -> bool:
        """Return whether a move, by the named way if there is one, leads to a recorded draft."""
        if move.kind == "refine":
            return bool(self.recording.paths.agreeing(turn["path"], refined=True))
        if move.kind == "redo":
            ways = [way] if way is not None else self._ways(move, verification, turn)
            return any(self._reaches(each, turn) for each in ways)
        return move.kind != "ask_again"

    def _ways(self, move: Move, verification: Verification, turn: TurnState) -> Sequence[Mapping[str, str]]:
        if move.kind != "redo":
            return []
        if verification.router.paths:
            return verification.leads(move, turn)
        return [dict([step]) for step in verification.steps_up(move, turn["path"])]

    def _reaches(self, way: Mapping[str, str], turn: TurnState) -> bool:
        path, paths = turn["path"], self.recording.paths
        parts = (stage for stage, option in way.items() if path.get(stage) != option)
        return all(map(paths.varies, parts)) and bool(paths.agreeing({**standing(path, way), **way}))

    def _written(self, turn: TurnState) -> TurnState:
        """Return the turn with the draft of its path."""
        path = turn["path"]
        number = self.recording.paths.agreeing(path)[0]
        self.drafts.append(number)
        passed = TOPOLOGY.passed(path)
        if all(stage in passed for stage in path if evidence(stage)):
            turn = {**turn, "candidates": [], "passages": []}
        return {**turn, "draft": self.recording.draft(number, path["generator"])}

    def _note(self, stage: str, option: str) -> None:
        self.unrecorded.append(f"{stage}:{option}")


def _narrowed(situation: Situation, open_: Sequence[bool]) -> list[bool]:
    urgent = [a and b for a, b in zip(situation.urgent, open_, strict=True)]
    return urgent if any(urgent) else list(open_)
