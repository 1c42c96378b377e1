"""Decides whether a draft is good enough, and the next move if it is not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.cost.expect import CHARACTERS, Asks, Plan
from dynamicrag.drafts.asking import Resources
from dynamicrag.drafts.judging import foresee, judge
from dynamicrag.drafts.second_asking import plan_again, shown_again
from dynamicrag.llm.refine import EXPECTED_TOKENS, MAX_TOKENS, OVERHEAD_TOKENS
from dynamicrag.records import Passage
from dynamicrag.routers.base import Router
from dynamicrag.routers.paths import parting
from dynamicrag.stages.base import DecisionPoint, Run, StageBase
from dynamicrag.stages.situation import Situation
from dynamicrag.stages.ways import attempt_of, standing, tried
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.turn import TurnState
from dynamicrag.types import Move, Option
from dynamicrag.verify.base import Verifier

TIMEOUT = 60.0
PlanOf = Callable[[Mapping[str, str]], Plan]


class Verification(DecisionPoint):
    """Judges drafts, and lists the open moves on a draft.

    If the router knows whole paths, a move back to a stage leads to the paths that branch there from the
    current one, and the router names the path; otherwise it leads to the stage's next stronger option.

    Args:
        moves: The moves.
        router: The router.
        settings: ``escalate``: stages to try per finding; ``max_escalations``, including refinements;
            ``on_failure``: ``accept`` or ``escalate`` if a verifier fails; ``timeout``: time limit of each
            verifier in seconds; ``outside``: ``answer`` or ``abstain`` if the documents do not cover
            the question.
        verifiers: The judges, by name.
        stages: The stages before the draft.
        resources: Resources for verifiers and editors.
    """

    def __init__(
        self,
        moves: Sequence[Move],
        router: Router,
        settings: Mapping[str, Any] | None = None,
        *,
        verifiers: Mapping[str, Verifier],
        stages: Mapping[str, StageBase],
        resources: Resources,
    ) -> None:
        super().__init__(VERIFICATION, moves, router, settings)
        self.moves = tuple(moves)
        self.verifiers = verifiers
        self.resources = resources
        self._stages = stages

    @property
    def asks(self) -> tuple[Asks, ...]:
        """Expected model calls of the verifiers, per draft."""
        return tuple(ask for verifier in self.verifiers.values() for ask in verifier.asks())

    @property
    def foresees(self) -> bool:
        """Whether the verdict to withhold any draft may be known before there is a draft."""
        known = any(not each.reads_draft and each.computes for each in self.verifiers.values())
        return any(move.kind == "abstain" for move in self.moves) and (
            known or self.settings.get("outside") == "abstain"
        )

    @property
    def doubts(self) -> frozenset[str]:
        """Stages that the router decides again with a stronger option if a draft is probably wrong."""
        if not (self.router.doubts and self.settings.get("max_escalations")):
            return frozenset()
        return frozenset(self.settings.get("escalate", {}).get("unsure", ())) & set(self._stages)

    async def judge(self, turn: TurnState, run: Run) -> TurnState:
        """Let every verifier judge the draft; return its signals, and the verifiers that failed."""
        timeout = self.settings.get("timeout", TIMEOUT)
        return await judge(self.verifiers, self.resources, turn, run, timeout)

    async def foresee(self, turn: TurnState, run: Run) -> TurnState:
        """Return the signals that do not depend on the draft, once its passages are found."""
        return await foresee(self.verifiers, turn, run)

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return the verifiers' signals."""
        return dict(turn.get("signals", {}))

    def situation(self, turn: TurnState, plan_of: PlanOf, call: CallOptions = NO_OPTIONS) -> Situation:
        """Return the open moves on the turn's draft, and the remaining work under each."""
        steps = [step for step in turn.get("escalations", []) if step["option"] != "ask_again"]
        used_up = len(steps) >= self.settings.get("max_escalations", 0)
        open_ = [
            call.opens(self.name, move.name) and self._open(move, turn, call, used_up=used_up)
            for move in self.moves
        ]
        failed = bool(self.settings.get("on_failure") == "escalate" and turn.get("unverified"))
        drafted = [] if turn.get("draft") is None else [attempt_of(turn)]
        return Situation(
            open=open_,
            plans=[self._plan(move, turn, plan_of, call) for move in self.moves],
            urgent=[failed and steps_up(move) for move in self.moves],
            attempts=[*turn.get("earlier", []), *drafted],
            ways=self.ways(turn, call),
            steps=self._steps(turn, call),
        )

    def _steps(self, turn: TurnState, call: CallOptions) -> dict[str, tuple[str, Option]]:
        """Return the stage and the option to which a move back to each stage leads."""
        found = {}
        for move in self.moves:
            target = self.target(move, turn, call) if move.kind == "redo" else None
            if target is not None:
                stage = self._stages[target[0]]
                found[move.stage] = stage.name, stage.options[stage.index(target[1])]
        return found

    def _open(self, move: Move, turn: TurnState, call: CallOptions, *, used_up: bool) -> bool:
        """Return whether a move is open; steps up need a target and a step left."""
        if move.kind == "ask_again":
            return self.again(turn) is not None
        if move.kind == "refine":
            editor = self.editor(move, turn)
            return not used_up and editor is not None and call.opens("generator", editor)
        return move.kind != "redo" or (not used_up and bool(self.leads(move, turn, call)))

    def again(self, turn: TurnState) -> Sequence[Passage] | None:
        """Return the passages for a second asking; see :func:`shown_again`."""
        return shown_again(turn, self.settings)

    def ways(self, turn: TurnState, call: CallOptions = NO_OPTIONS) -> Sequence[Mapping[str, str]]:
        """Return the router's untried paths whose options are open to the call."""
        if not self.router.paths:
            return []
        been = list(tried(turn))
        return [
            way
            for way in self.router.paths
            if all(self._takes(stage, name, call) for stage, name in way.items())
            and all(parting(other, way) is not None for other in been)
        ]

    def _takes(self, stage: str, option: str, call: CallOptions) -> bool:
        known = stage in self._stages and self._stages[stage].index(option) >= 0
        return known and call.opens(stage, option)

    def leads(
        self, move: Move, turn: TurnState, call: CallOptions = NO_OPTIONS
    ) -> Sequence[Mapping[str, str]]:
        """Return the targets of a move back, cheapest first: the router's paths, or the next step up."""
        path = turn.get("path", {})
        if not self.router.paths:
            target = self.target(move, turn, call)
            return [] if target is None else [dict([target])]
        return [way for way in self.ways(turn, call) if move.stage == parting(path, way)]

    def target(self, move: Move, turn: TurnState, call: CallOptions = NO_OPTIONS) -> tuple[str, str] | None:
        """Return the stage to redo for a move back, and the next stronger option there that is open."""
        for stage, option in self.steps_up(move, turn.get("path", {})):
            own = self._stages[stage]
            if call.opens(stage, option) and own.available(turn)[own.index(option)]:
                return stage, option
        return None

    def steps_up(self, move: Move, path: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the stage to redo for a move back, with each stronger option there.

        A stage that the path skipped is reached through the stage that skipped it.
        """
        name = move.stage
        if name in TOPOLOGY and (gate := TOPOLOGY[name].gate(path)) is not None:
            name = gate
        stage = self._stages.get(name)
        if stage is None:
            return []
        return [(name, option.name) for option in stage.options[stage.index(path.get(name)) + 1 :]]

    def editor(self, move: Move, turn: TurnState) -> str | None:
        """Return the model that may refine the draft.

        ``None`` if there is none, or it was refined already.
        """
        draft = turn.get("draft")
        return None if draft is None or draft["refined"] else self.editor_of(move, draft["model"])

    def editor_of(self, move: Move, writer: str) -> str | None:
        """Return the model that may refine a model's drafts: the policy's, or the next stronger, if any."""
        models = self._stages["generator"]
        stronger = models.index(writer) + 1
        return move.model or (models.options[stronger].name if stronger < len(models.options) else None)

    def _plan(self, move: Move, turn: TurnState, plan_of: PlanOf, call: CallOptions) -> Plan | None:
        """Return the remaining work under a move; ``None`` for none."""
        path, draft = turn.get("path", {}), turn.get("draft")
        if move.kind == "ask_again":
            passages = self.again(turn)
            if passages is None or draft is None:
                return None
            voice = self.resources.prompt.strategy(path).voice
            return plan_again(plan_of(path), passages, draft["model"], voice)
        if move.kind == "redo":
            ways = self.leads(move, turn, call)
            return plan_of({**standing(path, ways[0]), **ways[0]}) if ways else None
        editor = self.editor(move, turn) if move.kind == "refine" else None
        if editor is None:
            return None
        voice = self.resources.prompt.strategy(path).voice
        return plan_of(path)._replace(
            rounds=0.0,
            helps=(),
            prompt_tokens=OVERHEAD_TOKENS + len(voice.instructions) / CHARACTERS,
            output_tokens=EXPECTED_TOKENS[voice.style],
            most_tokens=MAX_TOKENS[voice.style],
            model=editor,
        )


def steps_up(move: Move) -> bool:
    """Return whether a move continues work on the answer at the cost of a step up."""
    return move.kind in ("refine", "redo")
