"""How any stage decides: features, expected costs, limits, router; and the record of it."""

import time
from collections.abc import Collection, Mapping, Sequence

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.expect import CostModel
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.errors import BudgetExceeded
from dynamicrag.features.lexical import lexical
from dynamicrag.predictors.selection import cheapest
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.stages.base import StageBase, query_of
from dynamicrag.stages.pricing import Pricing, Room
from dynamicrag.stages.verification import VerificationStage
from dynamicrag.types import Decision, Option, TurnState, Usage


class Decider:
    """Decides at any stage, under one cost model and one budget.

    Args:
        stages: The stages by name.
        cost_model: Prices plans.
        budget: The limits.
        ledger: Where choosing is accounted for.
    """

    def __init__(
        self, stages: Mapping[str, StageBase], cost_model: CostModel, budget: Budget, ledger: Ledger
    ) -> None:
        self._stages = stages
        self._pricing = Pricing(stages, cost_model)
        self._budget = budget
        self._ledger = ledger

    async def decide(self, stage: StageBase, turn: TurnState) -> Decision:
        """Choose an option for ``stage``.

        Raises:
            BudgetExceeded: Nothing fits the budget and the policy says to stop there.
        """
        began = time.perf_counter()
        name = f"router:{stage.router.registered}"
        with self._ledger.span(turn["id"], stage.name, name) as line:
            context, binding = await self._context(stage, turn)
            wanted = stage.wanted(turn)
            # a wanted option is the only open one; its stage's router has nothing to add
            choice = await stage.router.choose(context) if wanted is None else _on_the_way(context, turn)
            seconds = time.perf_counter() - began
            # choosing computes all the while; a thread's own clock can cost more than the choice itself
            line.usage = Usage(seconds=seconds, cpu_seconds=seconds)
        if choice.index >= len(context.options) or not context.allowed[choice.index]:
            raise AssertionError(f"{name} chose a closed option at {stage.name}")
        by = stage if wanted is None else self._stages["verification"]
        return self._record(context, choice, turn, by.router.registered, binding, seconds)

    async def fall_back(
        self, stage: StageBase, turn: TurnState, failed: set[str], why: str, *, cheaper: bool = False
    ) -> Decision | None:
        """Return the decision for the next option after some have failed, or ``None`` if none is left.

        Stronger options come first, for they are as good; then weaker ones. Where what failed was too dear
        or too slow, weaker ones come first.
        """
        open_ = zip(stage.options, stage.allowed(turn), strict=True)
        if not any(is_open and option.name not in failed for option, is_open in open_):
            return None
        try:
            context, binding = await self._context(stage, turn, failed)
        except BudgetExceeded:
            return None  # what failed says more
        here = stage.index(turn["path"][stage.name])
        weaker = range(here - 1, -1, -1)
        stronger = range(here + 1, len(context.options))
        order = [*weaker, *stronger] if cheaper else [*stronger, *weaker]
        for index in order:
            if context.options[index].name not in failed and context.allowed[index]:
                return self._record(context, Choice(index, why), turn, "fallback", binding, 0.0)
        return None

    def abstain(self, stage: StageBase, turn: TurnState, why: str) -> Decision:
        """Return the decision to give up before anything is written."""
        open_ = [option.name == "abstain" for option in stage.options]
        context = StageContext(
            stage=stage.name,
            query=query_of(turn),
            options=stage.options,
            allowed=open_,
            expected=[Cost()] * len(open_),
            left={},
            features=turn.get("known", {}),
            path=turn.get("path", {}),
        )
        return self._record(context, Choice(open_.index(True), why), turn, "outside", None, 0.0)

    async def make_do(self, stage: StageBase, turn: TurnState, option: str, why: str) -> Decision:
        """Return the decision for an option that failed, but left something to make do with."""
        context, binding = await self._context(stage, turn)
        return self._record(context, Choice(stage.index(option), why), turn, "fallback", binding, 0.0)

    def price(self, text: str, path: Mapping[str, str]) -> Cost:
        """Return what a whole path is expected to cost on a question."""
        return self._pricing.price({"text": text}, path)

    async def _context(
        self, stage: StageBase, turn: TurnState, without: Collection[str] = ()
    ) -> tuple[StageContext, str | None]:
        open_ = [
            is_open and option.name not in without
            for is_open, option in zip(stage.allowed(turn), stage.options, strict=True)
        ]
        left, room = await self._room(stage, turn, open_)
        expected = self._pricing.expected(room.plans)
        fits, dimension = room.fits, room.binding
        allowed = stage.insisted(turn, [a and b for a, b in zip(open_, fits, strict=True)])
        binding: str | None = dimension if allowed != open_ else None
        if not any(allowed):
            # what verification wanted fitted when it was chosen; if it does no longer, its calls will say so
            if self._budget.exhausted == "error" and stage.wanted(turn) is None:
                raise BudgetExceeded(
                    f"stages.{stage.name}: no option fits what the budget leaves ("
                    + ", ".join(f"{d} {amount:.4g}" for d, amount in left.items())
                    + "); raise objective.budget, or set its 'exhausted' to 'cheapest'"
                )
            candidates = [i for i, is_open in enumerate(open_) if is_open]
            index = candidates[cheapest([expected[i] for i in candidates], left)]
            allowed = [i == index for i in range(len(open_))]
            binding = f"{dimension}: nothing fits, so the cheapest"
        features = lexical(turn["text"]) | turn.get("known", {})
        for key, value in (await stage.features(turn)).items():
            features[key] = round(value, 6)
        context = StageContext(
            stage=stage.name,
            query=query_of(turn),
            options=stage.options,
            allowed=allowed,
            expected=expected,
            left=left,
            features=features,
            path=turn.get("path", {}),
            settings=stage.settings,
            price=lambda path: self._pricing.price(turn, path),
            fits=lambda path, *before: self._pricing.fits(turn, path, before, left),
            attempts=stage.attempts(turn),
            ways=stage.ways(turn),
        )
        return context, binding

    async def _room(
        self, stage: StageBase, turn: TurnState, open_: Sequence[bool]
    ) -> tuple[dict[Dimension, float], Room]:
        """Return what the budget leaves, and what of the options fits into it.

        Where nothing does, it waits for what others have set aside to come back.
        """
        plans, since, waits = self._pricing.plans(stage, turn), time.monotonic(), True
        while self._budget.limited:
            left = await self._budget.left(turn["id"], self._ledger.spent(turn["id"]))
            room = self._pricing.within(stage, turn, plans, left)
            if not waits or any(a and b for a, b in zip(open_, room.fits, strict=True)):
                return left, room
            # if all came back meanwhile, the last look says what fits
            waits = await self._budget.worth_waiting(since)
        return {}, Room(plans, [True] * len(open_), None)

    @staticmethod
    def _record(
        context: StageContext,
        choice: Choice,
        turn: TurnState,
        router: str,
        binding: str | None,
        seconds: float,
    ) -> Decision:
        seq = turn.get("seq", 0)
        quality = choice.quality
        decision = Decision(
            id=f"{turn['id']}-{seq}",
            turn=turn["id"],
            attempt=turn.get("attempt", 1),
            seq=seq,
            stage=context.stage,
            options=[option.name for option in context.options],
            allowed=list(context.allowed),
            expected=[cost.amounts() for cost in choice.expected or context.expected],
            quality=[None if q is None else float(q) for q in quality or [None] * len(context.options)],
            chosen=context.options[choice.index].name,
            propensity=choice.propensity,
            router=router,
            reason=choice.reason,
            binding=binding,
            features=dict(context.features),
            cost={"seconds": seconds},
        )
        if choice.spread is not None:
            decision["spread"] = list(choice.spread)
        if choice.path is not None:
            decision["path"] = dict(choice.path)
        if choice.outside:
            decision["outside"] = True
        return decision


def _on_the_way(context: StageContext, turn: TurnState) -> Choice:
    wanted = turn["wanted"] or {}
    index = context.index(wanted[context.stage])
    assert index is not None, "verification names paths of the policy's own options"
    return Choice(index, f"on the way to {'/'.join(wanted.values())}, as verification decided")


def decided(turn: TurnState, stage: StageBase, decision: Decision) -> TurnState:
    """Return the turn with ``decision`` in force."""
    path = {**turn.get("path", {}), stage.name: decision["chosen"]}
    redo = None if turn.get("redo") == stage.name else turn.get("redo")
    changed: TurnState = {**turn, "seq": decision["seq"] + 1, "path": path, "redo": redo}
    if isinstance(stage, VerificationStage):
        changed["wanted"] = decision.get("path")
        changed["outside"] = turn.get("outside", False) or decision.get("outside", False)
    else:  # what is said of a draft goes with it
        words = lexical(turn["text"])
        changed["known"] = {key: value for key, value in decision["features"].items() if key not in words}
    return changed


def option_of(stage: StageBase, turn: TurnState) -> Option:
    """Return the option in force at ``stage``."""
    return stage.options[stage.index(turn["path"][stage.name])]
