"""The options that a query's limits close, with their estimated quality and the amounts that they lack."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.expect import Plan
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.reservations import Rest
from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import DynamicRAGError
from dynamicrag.routers.asking import NOBODY
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.stages.base import DecisionPoint, StageBase
from dynamicrag.stages.choices import chosen
from dynamicrag.stages.closed import ClosedMoves, continues
from dynamicrag.stages.contexts import Contexts
from dynamicrag.stages.generator import GeneratorStage
from dynamicrag.stages.pricing import Pricing
from dynamicrag.stages.situation import Situation
from dynamicrag.turn import TurnState
from dynamicrag.types import Usage

MARGIN = 0.1
"""Share of an estimated amount that is asked for in addition: choosing itself costs a little."""
DIGITS = 2
"""Significant digits of an amount that is asked for."""
Amounts = Mapping[Dimension, float]


@dataclass(frozen=True, slots=True)
class Priced:
    """An option that does not fit.

    Attributes:
        option: Its name.
        quality: The probability that its answer is right; ``None`` without an estimate.
        extra: The amount that it lacks, by dimension.
    """

    option: str
    quality: float | None
    extra: Amounts


@dataclass(frozen=True, slots=True)
class Shortage:
    """A lack of budget at a stage.

    Attributes:
        stage: The stage.
        options: The options that more budget would pay for, cheapest first.
        limits: The limit of the query by dimension, with the amounts granted so far.
        spent: The amount spent so far, by limited dimension; ``None`` if it is unknown.
        left: The amount left, by limited dimension.
    """

    stage: str
    options: Sequence[Priced]
    limits: Amounts
    spent: Mapping[Dimension, float | None] = field(default_factory=dict)
    left: Amounts = field(default_factory=dict)


class Shortages:
    """Finds what a query lacks at a stage. It makes no calls."""

    def __init__(
        self,
        pricing: Pricing,
        contexts: Contexts,
        closed: ClosedMoves,
        budget: Budget,
        ledger: Ledger,
        generator: StageBase | None,
    ) -> None:
        self._pricing = pricing
        self._contexts = contexts
        self._closed = closed
        self._budget = budget
        self._ledger = ledger
        self._generator = generator

    async def at(
        self, stage: StageBase, turn: TurnState, call: CallOptions, short: Mapping[str, Amounts]
    ) -> Shortage | None:
        """Return the lack at a stage at which no option fits; ``None`` if the totals allow none either.

        Args:
            stage: The stage.
            turn: The turn before its decision.
            call: The options of the call.
            short: The amounts that refused calls lacked, by option.
        """
        began = time.perf_counter()
        with self._ledger.span(
            turn["id"], stage.name, f"router:{stage.router.registered}", kind="route"
        ) as line:
            budget, rest = await self._rest(turn, call)
            left = {d: max(0.0, amount) for d, amount in rest.own.items()}
            features = await self._contexts.features(stage, turn, call)
            context, _ = await self._contexts.of(stage, turn, call, features, limited=False)
            planned = self._pricing.permitted(turn, call)
            found: list[Priced] = []
            for index, option in enumerate(stage.options):
                if not context.allowed[index]:
                    continue
                plan, path = self._pricing.least(stage, option, planned, left, call.opens)
                extra = await self._extra(plan, {**turn, "path": path}, rest, short.get(option.name, {}))
                if extra:
                    plans = self._pricing.options({**turn, "plan": path})
                    quality = await _quality(stage, replace(context, plan=plans), index)
                    found.append(Priced(option.name, quality, extra))
            seconds = time.perf_counter() - began
            line.usage = Usage(seconds=seconds, cpu_seconds=seconds)
        return self._shortage(stage.name, found, turn, budget, rest)

    async def of_move(
        self, point: DecisionPoint, turn: TurnState, call: CallOptions, situation: Situation
    ) -> Shortage | None:
        """Return the lack at verification, if only the limits close the move that the router would make.

        A router that calls models is not asked a second time, so it never lacks anything here. After a grant
        that pays for one of the offers, the router decides within the larger limits.
        """
        if point.router.models or not (self._budget.per_query or call.budget):
            return None
        features = await self._contexts.features(point, turn, call)
        here, _ = await self._contexts.of(point, turn, call, features, situation)
        fitting = [here.fits({**here.path, **way}) for way in situation.ways]
        if list(here.allowed) == list(situation.open) and all(fitting):
            return None
        if turn.get("resumes") == point.name:
            offered = [offer["option"] for offer in turn["asked"][-1]["offers"]]
            if any(here.index(option) is not None for option in offered):
                return None
        choice = await self._closed.unlimited(point, turn, call, features, situation)
        fits = here.allowed[choice.index] and (choice.path is None or here.fits({**here.path, **choice.path}))
        if fits or not continues(point.options[choice.index]):
            return None
        return await self._of_moves(point, turn, call, situation, choice)

    async def _of_moves(
        self,
        point: DecisionPoint,
        turn: TurnState,
        call: CallOptions,
        situation: Situation,
        choice: Choice,
    ) -> Shortage | None:
        budget, rest = await self._rest(turn, call)
        found: list[Priced] = []
        for index, (option, plan) in enumerate(zip(point.options, situation.plans, strict=True)):
            if index == choice.index and choice.path is not None:
                plan = self._pricing.plan(turn, {**turn.get("path", {}), **choice.path})
            path = {**turn.get("path", {}), **(choice.path or {})}
            extra: Amounts = {}
            if situation.open[index] and plan is not None:
                extra = await self._extra(plan, {**turn, "path": path}, rest, {})
            if extra:
                found.append(
                    Priced(option.name, None if choice.quality is None else choice.quality[index], extra)
                )
        if point.options[choice.index].name not in [each.option for each in found]:
            return None  # the totals close it
        return self._shortage(point.name, found, turn, budget, rest)

    async def _rest(self, turn: TurnState, call: CallOptions) -> tuple[Budget, Rest]:
        budget = self._budget.of_call(call)
        return budget, await budget.rest(self._ledger.paid_by(turn["id"]), self._ledger.spent(turn["id"]))

    async def _extra(self, plan: Plan, turn: TurnState, rest: Rest, short: Amounts) -> Amounts:
        """Return the amounts that a plan lacks of the query's own limits; nothing if a total closes it.

        They pay for the plan as the decision checks it, and for the reservation of its prompt.

        Args:
            plan: The plan.
            turn: The turn, with the plan's path.
            rest: The rest of the limits.
            short: The amounts that a refused call lacked.
        """
        if isinstance(self._generator, GeneratorStage):
            tokens = await self._generator.most_input(turn, plan, turn["path"])
            plan = plan._replace(most_input=max(plan.most_input, tokens))
        (most,) = self._pricing.at_most([plan])
        if any(most[d] > amount for d, amount in rest.shared.items()):
            return {}
        extra = {}
        for dimension, left in rest.own.items():
            lacks = max(most[dimension] - left, short.get(dimension, 0.0))
            if lacks > 0:
                soft = not DIMENSIONS[dimension].hard
                extra[dimension] = rounded_up(lacks + (MARGIN * most[dimension] if soft else 0.0))
        return extra

    def _shortage(
        self, stage: str, found: Sequence[Priced], turn: TurnState, budget: Budget, rest: Rest
    ) -> Shortage | None:
        if not found:
            return None
        limits, spent = budget.per_query, self._ledger.spent(turn["id"])

        def order(each: Priced) -> tuple[float, float]:
            share = max(amount / max(limits[d], 1e-12) for d, amount in each.extra.items())
            return share, -(each.quality or 0.0)

        return Shortage(
            stage=stage,
            options=sorted(found, key=order),
            limits=dict(limits),
            spent={d: spent.known(d) for d in limits},
            left={d: max(0.0, rest.own[d]) for d in limits},
        )


def rounded_up(amount: float) -> float:
    """Return an amount rounded up to two significant digits."""
    power = 10.0 ** (math.floor(math.log10(amount)) - DIGITS + 1)
    up = math.ceil(amount / power - 1e-9) * power  # 95.00000000000001 is 95
    return float(f"{up:.{DIGITS}g}")


async def _quality(stage: StageBase, context: StageContext, index: int) -> float | None:
    """Return the router's estimate for one option, on the plan of the context; ``None`` without one."""
    try:
        choice = await chosen(stage.router, replace(context, ask=NOBODY))
    except DynamicRAGError:
        return None
    return None if choice.quality is None else choice.quality[index]
