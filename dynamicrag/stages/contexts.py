"""Makes the contexts of decisions: signals, expected costs, limits, and the plan for the rest of the path."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.expect import Plan
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import BudgetExceeded, InputError
from dynamicrag.features.lexical import lexical
from dynamicrag.routers.asking import NOBODY
from dynamicrag.routers.base import StageContext, embed_nothing
from dynamicrag.stages.base import DecisionPoint, StageBase, query_of
from dynamicrag.stages.decisions import rounded
from dynamicrag.stages.pricing import Pricing
from dynamicrag.stages.routing import Asker
from dynamicrag.stages.situation import Room, Situation, cheapest
from dynamicrag.stages.ways import wanted_option
from dynamicrag.turn import TurnState

Within = Callable[[Sequence[Plan | None], Mapping[Dimension, float]], Room]
"""Function from plans and the remaining budget to the plans that fit."""


class Contexts:
    """Makes the contexts of decisions, within one budget."""

    def __init__(
        self,
        pricing: Pricing,
        budget: Budget,
        ledger: Ledger,
        doubts: frozenset[str],
        asker: Asker | None,
    ) -> None:
        self._pricing = pricing
        self._budget = budget
        self._ledger = ledger
        self._doubts = doubts
        self._asker = asker

    @staticmethod
    async def features(point: DecisionPoint, turn: TurnState, call: CallOptions) -> dict[str, float]:
        """Return the lexical features, the signals known so far, and those of the decision itself."""
        own = {**await point.corpus_features(turn["text"], call.filter), **await point.features(turn)}
        return {**lexical(turn["text"]), **turn.get("known", {}), **rounded(own)}

    async def of(
        self,
        point: DecisionPoint,
        turn: TurnState,
        call: CallOptions,
        features: Mapping[str, float],
        situation: Situation | None = None,
        without: Collection[str] = (),
        *,
        limited: bool = True,
    ) -> tuple[StageContext, str | None]:
        """Return the context of a decision, and the limit that closes options, if any.

        ``situation`` is by default that of a stage before the draft. The options ``without`` have failed and
        are closed. If the decision is not ``limited``, every open option fits.

        Raises:
            BudgetExceeded: No option fits the budget, and the policy says to raise.
            InputError: The call closes every option.
        """
        if situation is None:
            assert isinstance(point, StageBase), "only stages that lead to a draft know where a turn stands"
            open_ = [
                is_open and option.name not in without
                for is_open, option in zip(point.opened(turn, call), point.options, strict=True)
            ]
            planned = self._pricing.permitted(turn, call) if call.options or call.closed else turn
            situation = Situation(open_, self._pricing.plans(point, planned), [False] * len(open_))
            within: Within = partial(self._pricing.within, point, planned, opens=call.opens)
        else:
            within = self._pricing.fixed
        if not any(situation.open):
            raise InputError(f"stages.{point.name}: the call's options leave no option of this stage open")
        budget = self._budget.of_call(call) if limited else Budget()
        left, room = await self._room(turn, situation, within, budget)
        expected = self._pricing.expected(room.plans)
        allowed = [a and b for a, b in zip(situation.open, room.fits, strict=True)]
        urgent = [a and b for a, b in zip(situation.urgent, allowed, strict=True)]
        allowed = urgent if any(urgent) else allowed
        binding: str | None = room.binding if allowed != list(situation.open) else None
        if not any(allowed):
            # an option chosen by verification did fit then; if it no longer does, its calls will raise
            if budget.exhausted != "cheapest" and wanted_option(turn, point.name) is None:
                raise BudgetExceeded(
                    f"stages.{point.name}: no option fits the remaining budget ("
                    + ", ".join(f"{d} {amount:.4g}" for d, amount in left.items())
                    + "); raise objective.budget, or set its 'exhausted' to 'cheapest'"
                )
            candidates = [i for i, is_open in enumerate(situation.open) if is_open]
            index = candidates[cheapest([expected[i] for i in candidates], left)]
            allowed = [i == index for i in range(len(allowed))]
            binding = f"{room.binding}: nothing fits, so the cheapest"
        ask = self._asker.on(point.name, turn["id"], call) if self._asker else None
        context = StageContext(
            stage=point.name,
            query=query_of(turn),
            options=point.options,
            allowed=allowed,
            expected=expected,
            left=left,
            features=features,
            path=turn.get("path", {}),
            settings=point.settings,
            price=lambda path: self._pricing.price(turn, path),
            fits=lambda path, *before: self._pricing.fits(turn, path, before, left),
            attempts=situation.attempts,
            ways=situation.ways,
            ask=ask or NOBODY,
            embed=ask.embed if ask else embed_nothing,
            plan=self._pricing.options(turn),
            doubts=self._doubts,
            steps=situation.steps,
            call=call,
            passages=turn.get("candidates", []),
            last=turn.get("last"),
            saves=self._pricing.saved(turn) if point.name == "generator" else {},
            colder=self._pricing.colder(room.plans) if point.name == "generator" else (),
        )
        return context, binding

    async def sketch(
        self, features: Mapping[str, float], call: CallOptions, stage: StageBase, turn: TurnState
    ) -> StageContext:
        """Return the context of a decision ahead, on the current knowledge; its router may only embed."""
        ask = self._asker.on(stage.name, turn["id"], call) if self._asker else None
        return StageContext(
            stage=stage.name,
            query=query_of(turn),
            options=stage.options,
            allowed=stage.opened(turn, call),
            expected=self._pricing.expected(self._pricing.plans(stage, turn)),
            left={},
            features={**features, **await stage.corpus_features(turn["text"], call.filter)},
            path=turn["path"],
            settings=stage.settings,
            price=lambda path: self._pricing.price(turn, path),
            embed=ask.embed if ask else embed_nothing,
            plan=self._pricing.options(turn),
            doubts=self._doubts,
            call=call,
            passages=turn.get("candidates", []),
        )

    async def _room(
        self,
        turn: TurnState,
        situation: Situation,
        within: Within,
        budget: Budget,
    ) -> tuple[dict[Dimension, float], Room]:
        """Return the remaining budget, and the options that fit into it.

        If none fits, wait for other reservations to be released.
        """
        since, waits, payer = time.monotonic(), True, self._ledger.paid_by(turn["id"])
        while budget.limited:
            left = await budget.left(payer, self._ledger.spent(turn["id"]))
            room = within(situation.plans, left)
            if not waits or any(a and b for a, b in zip(situation.open, room.fits, strict=True)):
                return left, room
            # if all were released meanwhile, the last check decides
            waits = await budget.worth_waiting(since, payer)
        return {}, Room(situation.plans, [True] * len(situation.open), None)
