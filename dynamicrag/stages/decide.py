"""Makes the decision of any stage: features, expected costs, limits, router, record."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.cost_model import CostModel
from dynamicrag.cost.expect import Asks, Plan
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetExceeded
from dynamicrag.records import Decision
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.routers.draws import replaced
from dynamicrag.stages.base import DecisionPoint, StageBase
from dynamicrag.stages.choices import chosen
from dynamicrag.stages.closed import ClosedMoves
from dynamicrag.stages.contexts import Contexts
from dynamicrag.stages.decisions import record
from dynamicrag.stages.planning import Planner
from dynamicrag.stages.pricing import Pricing
from dynamicrag.stages.routing import Asker
from dynamicrag.stages.shortage import Shortages
from dynamicrag.stages.situation import Situation
from dynamicrag.stages.ways import wanted_option
from dynamicrag.turn import TurnState
from dynamicrag.types import Usage

FORCED = "forced"
"""Router name of a decision forced by the caller."""


class Decider:
    """Decides at any stage, under one cost model and one budget.

    Args:
        stages: The stages by name.
        cost_model: Prices plans.
        budget: The limits.
        ledger: The account of the choosing.
        asks: Calls of verifiers about a draft.
        doubts: Stages that verification decides again if a draft is probably wrong.
        mover: Name of verification's router, which decides on the way to a path it has named.
        asker: Calls models for routers, if any.

    Attributes:
        shortages: Finds what a query lacks where its limits allow nothing.
        closed: Finds the moves that only limits close.
    """

    def __init__(
        self,
        stages: Mapping[str, StageBase],
        cost_model: CostModel,
        budget: Budget,
        ledger: Ledger,
        asks: Sequence[Asks] = (),
        doubts: frozenset[str] = frozenset(),
        mover: str = "",
        asker: Asker | None = None,
    ) -> None:
        self._pricing = Pricing(stages, cost_model, asks)
        self._planner = Planner(stages)
        self._contexts = Contexts(self._pricing, budget, ledger, doubts, asker)
        self.closed = ClosedMoves(self._contexts, ledger)
        self.shortages = Shortages(
            self._pricing, self._contexts, self.closed, budget, ledger, stages.get("generator")
        )
        self._mover = mover
        self._budget = budget
        self._ledger = ledger

    def plan_of(self, turn: TurnState) -> Callable[[Mapping[str, str]], Plan]:
        """Return a function from a whole path of the turn to its plan."""
        return partial(self._pricing.plan, turn)

    async def decide(
        self,
        point: DecisionPoint,
        turn: TurnState,
        call: CallOptions = NO_OPTIONS,
        situation: Situation | None = None,
        *,
        router: Router | None = None,
    ) -> Decision:
        """Choose an option, or take the option forced by the call.

        A forced decision is recorded under the router name ``forced``, so that no router learns from it.

        Args:
            point: The stage, or verification.
            turn: The turn.
            call: The options of the call.
            situation: The situation of the turn; by default that of a stage before the draft.
            router: The router; by default the point's own.

        Raises:
            BudgetExceeded: No option fits the budget, and the policy says to raise.
            InputError: The call closes every option.
        """
        began = time.perf_counter()
        router = router or point.router
        forced = call.options.get(point.name)
        name = f"router:{router.registered if forced is None else FORCED}"
        wanted = None if situation else wanted_option(turn, point.name)
        with self._ledger.span(turn["id"], point.name, name, kind="route") as line:
            features = await self._contexts.features(point, turn, call)
            plan: dict[str, str] = {}
            if self._planner.due(point, turn):
                sketch = partial(self._contexts.sketch, features, call)
                usual = self._pricing.permitted(turn, call)["path"]
                plan = await self._planner.plan(point, turn, usual, sketch)
                turn = {**turn, "plan": {**turn.get("plan", {}), **plan}}
            context, binding = await self._contexts.of(point, turn, call, features, situation)
            # a forced or wanted option is the only open one; so the router is not asked
            if forced is not None:
                choice = Choice(point.index(forced), "as the call asks")
            else:
                choice = await chosen(router, context) if wanted is None else on_the_way(context, turn)
            seconds = time.perf_counter() - began
            # charge wall time as CPU time: reading a thread's clock can cost more than the choice itself
            own = max(0.0, seconds - context.ask.seconds)
            line.usage = Usage(seconds=own, cpu_seconds=own)
        if context.ask.calls and (self._budget.limited or call.budget):
            # the router's own calls have used budget
            context, binding = await self._contexts.of(point, turn, call, features, situation)
            choice = replaced(choice, context)
        if choice.index >= len(context.options) or not context.allowed[choice.index]:
            raise AssertionError(f"{name} chose a closed option at {point.name}")
        by = router.registered if wanted is None else self._mover
        return record(context, choice, turn, by if forced is None else FORCED, binding, seconds, plan)

    async def fall_back(
        self,
        stage: StageBase,
        turn: TurnState,
        failed: set[str],
        why: str,
        *,
        cheaper: bool = False,
        call: CallOptions = NO_OPTIONS,
    ) -> Decision | None:
        """Return the decision for the next option after some have failed, or ``None`` if none is left.

        Stronger options come first, because they are as good; then weaker ones. If the failed option was too
        expensive or too slow, weaker ones come first.
        """
        open_ = zip(stage.options, stage.opened(turn, call), strict=True)
        if not any(is_open and option.name not in failed for option, is_open in open_):
            return None
        try:
            features = await self._contexts.features(stage, turn, call)
            context, binding = await self._contexts.of(stage, turn, call, features, without=failed)
        except BudgetExceeded:
            return None  # the failure is the better message
        here = stage.index(turn["path"][stage.name])
        weaker = range(here - 1, -1, -1)
        stronger = range(here + 1, len(context.options))
        order = [*weaker, *stronger] if cheaper else [*stronger, *weaker]
        for index in order:
            if context.options[index].name not in failed and context.allowed[index]:
                return record(context, Choice(index, why), turn, "fallback", binding, 0.0)
        return None

    async def make_do(
        self, stage: StageBase, turn: TurnState, option: str, why: str, call: CallOptions = NO_OPTIONS
    ) -> Decision:
        """Return the decision for an option that failed but left a usable result."""
        features = await self._contexts.features(stage, turn, call)
        context, binding = await self._contexts.of(stage, turn, call, features)
        return record(context, Choice(stage.index(option), why), turn, "fallback", binding, 0.0)

    def price(self, text: str, path: Mapping[str, str]) -> Cost:
        """Return the expected cost of a whole path on a question, for models in steady use."""
        return self._pricing.price({"text": text}, path)


def on_the_way(context: StageContext, turn: TurnState) -> Choice:
    """Return the choice of the option that verification wants."""
    wanted = turn["wanted"] or {}
    index = context.index(wanted[context.stage])
    assert index is not None, "verification names paths of the policy's own options"
    return Choice(index, f"on the way to {'/'.join(wanted.values())}, as verification decided")
