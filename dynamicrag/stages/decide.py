"""How any stage decides: features, expected costs, limits, router; and the record of it."""

import time
from collections.abc import Mapping

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.expect import CostModel, Plan
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.vector import DIMENSIONS, Cost
from dynamicrag.errors import BudgetExceeded
from dynamicrag.features.lexical import lexical
from dynamicrag.predictors.selection import admissible, cheapest
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.stages.base import StageBase, query_of
from dynamicrag.stages.verification import VerificationStage
from dynamicrag.types import STAGES, Decision, Option, TurnState, Usage

CHARACTERS = 4.0  # per token, about, in English


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
        self._cost_model = cost_model
        self._budget = budget
        self._ledger = ledger

    async def decide(self, stage: StageBase, turn: TurnState) -> Decision:
        """Choose an option for ``stage``.

        Raises:
            BudgetExceeded: Nothing fits the budget and the policy says to stop there.
        """
        began, cpu = time.perf_counter(), time.thread_time()
        name = f"router:{_name(stage)}"
        with self._ledger.span(turn["id"], stage.name, name) as line:
            context, binding = await self._context(stage, turn)
            choice = await stage.router.choose(context)
            seconds = time.perf_counter() - began
            line.usage = Usage(seconds=seconds, cpu_seconds=time.thread_time() - cpu)
        if choice.index >= len(context.options) or not context.allowed[choice.index]:
            raise AssertionError(f"{name} chose a closed option at {stage.name}")
        return self._record(context, choice, turn, _name(stage), binding, seconds)

    async def fall_back(
        self, stage: StageBase, turn: TurnState, failed: set[str], why: str
    ) -> Decision | None:
        """Return the decision for the next option after some have failed, or ``None`` if none is left.

        Stronger options come first, for they are as good; then weaker ones.
        """
        context, binding = await self._context(stage, turn)
        here = stage.index(turn["path"][stage.name])
        order = [*range(here + 1, len(context.options)), *range(here - 1, -1, -1)]
        for index in order:
            if context.options[index].name not in failed and context.allowed[index]:
                return self._record(context, Choice(index, why), turn, "fallback", binding, 0.0)
        return None

    def expected(self, stage: StageBase, turn: TurnState) -> list[Cost]:
        """Return the expected cost of the rest of the path, per option of ``stage``."""
        path = turn.get("path", {})
        if isinstance(stage, VerificationStage):
            # accepting and abstaining end the path; escalating runs it again, changed
            return [
                self._price(turn, stage.escalated(option, path))
                if option.name.startswith("escalate")
                else Cost()
                for option in stage.options
            ]
        return [self._price(turn, {**path, stage.name: option.name}) for option in stage.options]

    def _price(self, turn: TurnState, path: Mapping[str, str]) -> Cost:
        found = [len(passage["text"]) / CHARACTERS for passage in turn.get("candidates", [])]
        plan = Plan(
            question_tokens=len(turn["text"]) / CHARACTERS,
            chunk_tokens=sum(found) / len(found) if found else None,
        )
        for name in STAGES:
            stage = self._stages.get(name)
            if stage is not None:
                chosen = stage.index(path.get(name))
                plan = stage.apply(stage.options[chosen] if chosen >= 0 else stage.planned(), plan)
        return self._cost_model.price(plan)

    async def _context(self, stage: StageBase, turn: TurnState) -> tuple[StageContext, str | None]:
        expected = self.expected(stage, turn)
        # what is overspent closes nothing that costs nothing: a draft that is there may be accepted
        left = {d: max(x, 0.0) for d, x in self._budget.left(self._ledger.cost(turn["id"])).items()}
        open_ = stage.allowed(turn)
        fits, dimension = admissible(expected, left) if left else ([True] * len(open_), None)
        allowed = [a and b for a, b in zip(open_, fits, strict=True)]
        binding: str | None = dimension if allowed != open_ else None
        if not any(allowed):
            if self._budget.exhausted == "error":
                raise BudgetExceeded(
                    f"stages.{stage.name}: no option fits what the budget leaves ("
                    + ", ".join(f"{d} {amount:.4g}" for d, amount in left.items())
                    + "); raise objective.budget, or set its 'exhausted' to 'cheapest'"
                )
            candidates = [i for i, is_open in enumerate(open_) if is_open]
            index = candidates[cheapest([expected[i] for i in candidates], left)]
            allowed = [i == index for i in range(len(open_))]
            binding = f"{dimension}: nothing fits, so the cheapest"
        features = lexical(turn["text"]) | await stage.features(turn)
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
        )
        return context, binding

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
        return Decision(
            id=f"{turn['id']}-{seq}",
            turn=turn["id"],
            seq=seq,
            stage=context.stage,
            options=[option.name for option in context.options],
            allowed=list(context.allowed),
            expected=[{d: round(cost[d], 9) for d in DIMENSIONS} for cost in context.expected],
            quality=[None] * len(context.options) if quality is None else [float(q) for q in quality],
            chosen=context.options[choice.index].name,
            propensity=choice.propensity,
            router=router,
            reason=choice.reason,
            binding=binding,
            features={key: round(value, 6) for key, value in context.features.items()},
            cost={"seconds": seconds},
        )


def decided(turn: TurnState, stage: StageBase, decision: Decision) -> TurnState:
    """Return the turn with ``decision`` in force."""
    path = {**turn.get("path", {}), stage.name: decision["chosen"]}
    redo = None if turn.get("redo") == stage.name else turn.get("redo")
    changed: TurnState = {**turn, "seq": decision["seq"] + 1, "path": path, "redo": redo}
    return changed


def option_of(stage: StageBase, turn: TurnState) -> Option:
    """Return the option in force at ``stage``."""
    return stage.options[stage.index(turn["path"][stage.name])]


def _name(stage: StageBase) -> str:
    return getattr(stage.router, "name", type(stage.router).__name__.lower())
