"""The live executor: it decides with the policy's routers and calls its models and retrievers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dynamicrag.drafts.making import make
from dynamicrag.drafts.verification import Verification
from dynamicrag.errors import BudgetExceeded, ModelError, UnfinishedAnswer
from dynamicrag.llm.chat import ChatModel
from dynamicrag.records import Decision
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.call import pause
from dynamicrag.stages.checked import acted, evidence_of
from dynamicrag.stages.decide import Decider
from dynamicrag.stages.decisions import decided, option_of, rounded, stepped_up
from dynamicrag.stages.fit import lighter
from dynamicrag.stages.ways import turned_back
from dynamicrag.turn import TurnState
from dynamicrag.types import Move
from dynamicrag.walk.lacking import Lacking
from dynamicrag.walk.walk import Step

GRANTED = "more budget was granted"


@dataclass(slots=True)
class _Failures:
    """The failures of a stage so far.

    Attributes:
        before: The turn before the stage.
        names: Options that failed.
        unfinished: Cut answers, by option.
        short: The amounts that refused calls lacked, by option.
        waits: Number of waits for the only model.
    """

    before: TurnState
    names: set[str] = field(default_factory=set)
    unfinished: dict[str, UnfinishedAnswer] = field(default_factory=dict)
    short: dict[str, Mapping[str, float]] = field(default_factory=dict)
    waits: int = 0


@dataclass(frozen=True, slots=True)
class Live:
    """Executes the steps of a walk with real models and retrievers.

    Attributes:
        decider: Decides.
        models: The policy's models by name.
    """

    decider: Decider
    models: Mapping[str, ChatModel]

    async def take(self, stage: StageBase, turn: TurnState, run: Run) -> Step:
        """Decide at a stage, unless its option is already chosen, and act; on failure try another option.

        Raises:
            Lacking: No option fits the query's limits, and the graph can ask for more.
        """
        decisions: list[Decision] = []
        failures, asked = _Failures(turn), run
        redone = turn["redo"] == stage.name
        resumed = turn.get("resumes") == stage.name
        if redone or resumed or stage.name not in turn["path"]:
            kept = turn["path"].get(stage.name) if resumed and not redone else None
            try:
                decision = (
                    await self.decide(stage, turn, run)
                    if kept is None
                    else await self.decider.make_do(stage, turn, kept, GRANTED, run.call)
                )
            except BudgetExceeded:
                await self._ask_for_more(stage, turn, failures, decisions, run)
                raise
            turn = self._note(turn, decision, decisions, run)
        while True:
            if redone:
                turn = stepped_up(turn, stage.name)
            try:
                turn = {**turn, **await acted(stage, option_of(stage, turn), turn, asked)}
            except (ModelError, BudgetExceeded) as error:
                recovered = await self._recover(error, stage, turn, failures, decisions, asked)
                asked = replace(run, failed=frozenset(failures.names), last_resort=failures.waits > 0)
                if recovered is None:
                    continue
                turn, ended = recovered
                if ended:
                    return turn, decisions
            else:
                return await self._known(stage, turn), decisions

    async def decide(self, stage: StageBase, turn: TurnState, run: Run) -> Decision:
        """Decide at a stage with the policy's router."""
        return await self.decider.decide(stage, turn, run.call)

    async def instead(
        self, stage: StageBase, turn: TurnState, failed: set[str], why: str, run: Run, *, cheaper: bool
    ) -> Decision | None:
        """Return the decision for another option after some have failed, if one is left."""
        return await self.decider.fall_back(stage, turn, failed, why, cheaper=cheaper, call=run.call)

    async def _recover(
        self,
        error: ModelError | BudgetExceeded,
        stage: StageBase,
        turn: TurnState,
        failures: _Failures,
        decisions: list[Decision],
        run: Run,
    ) -> tuple[TurnState, bool] | None:
        """Return the turn to retry with and ``False``, or the turn that ends the stage and ``True``.

        ``None`` after a wait: the same option is retried.

        Raises:
            ModelError: Nothing is left to try.
            BudgetExceeded: Nothing is left to try.
            Lacking: Nothing is left to try within the query's limits, and the graph can ask for more.
        """
        name = turn["path"][stage.name]
        failures.names.add(name)
        if isinstance(error, UnfinishedAnswer):
            failures.unfinished[name] = error
        too_expensive = isinstance(error, BudgetExceeded)
        if isinstance(error, BudgetExceeded):
            failures.short.setdefault(name, error.short)  # for the whole prompt, before passages are left out
        why = f"{'too expensive' if too_expensive else 'after failure'}: {error}"
        decision = await self.instead(stage, turn, failures.names, why, run, cheaper=too_expensive)
        if decision is not None:
            return self._note(turn, decision, decisions, run), False
        less = None if failures.unfinished else lighter(stage.name, turn, error)
        if less is not None:
            failures.names.clear()
            return less, False
        if too_expensive:
            await self._ask_for_more(stage, turn, failures, decisions, run)
        if turn.get("earlier"):
            # the earlier draft is judged again, with this step used up
            return turned_back(turn), True
        if failures.unfinished:
            return await self._make_do(stage, turn, failures.unfinished, decisions, run), True
        model = self.models.get(name)
        if model is None or not isinstance(error, ModelError):
            raise error
        if not await pause(error, failures.waits, model, run, turn["id"]):
            raise error
        failures.waits += 1
        return None

    async def _ask_for_more(
        self, stage: StageBase, turn: TurnState, failures: _Failures, decisions: list[Decision], run: Run
    ) -> None:
        """Raise ``Lacking`` if the graph can ask for more budget, and more would help."""
        if not run.call.asks:
            return
        before: TurnState = {**failures.before, "seq": turn["seq"]}
        shortage = await self.decider.shortages.at(stage, before, run.call, failures.short)
        if shortage is not None:
            raise Lacking(before, decisions, shortage)

    async def foresee(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Run the verifiers that need no draft."""
        return await verification.foresee(turn, run)

    async def judge(self, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Let every verifier judge the draft."""
        return await verification.judge(turn, run)

    async def choose(self, verification: Verification, turn: TurnState, run: Run) -> Decision:
        """Choose a move with the policy's router.

        Raises:
            Lacking: Only the query's limits close the move that the router would make, and the graph can ask
                for more.
        """
        situation = verification.situation(turn, self.decider.plan_of(turn), run.call)
        if run.call.asks and turn["draft"] is not None:
            shortage = await self.decider.shortages.of_move(verification, turn, run.call, situation)
            if shortage is not None:
                raise Lacking(turn, [], shortage)
        decision = await self.decider.decide(verification, turn, run.call, situation)
        if turn["draft"] is None:
            return decision
        return await self.decider.closed.noted(decision, verification, turn, run.call, situation)

    async def make(self, move: Move, verification: Verification, turn: TurnState, run: Run) -> TurnState:
        """Execute a move."""
        return await make(move, verification, turn, run)

    async def _known(self, stage: StageBase, turn: TurnState) -> TurnState:
        """Return the turn with the stage's evidence."""
        evidence = rounded(await evidence_of(stage, turn))
        return {**turn, "known": {**turn.get("known", {}), **evidence}} if evidence else turn

    async def _make_do(
        self,
        stage: StageBase,
        turn: TurnState,
        unfinished: Mapping[str, UnfinishedAnswer],
        decisions: list[Decision],
        run: Run,
    ) -> TurnState:
        """Use the strongest option with a partial answer if no option has finished."""
        name = max(unfinished, key=stage.index)
        why = f"no model finished its answer, so the partial answer of {name} is used: {unfinished[name]}"
        if turn["path"][stage.name] != name:
            turn = self._note(
                turn, await self.decider.make_do(stage, turn, name, why, run.call), decisions, run
            )
        return {**turn, **unfinished[name].instead}

    @staticmethod
    def _note(turn: TurnState, decision: Decision, decisions: list[Decision], run: Run) -> TurnState:
        decisions.append(decision)
        run.emit({"type": "decision", **decision})
        return decided(turn, decision)
