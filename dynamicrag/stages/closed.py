"""The move that a turn does not make because a limit closes it."""

import time
from collections.abc import Mapping
from dataclasses import replace

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.ledger import Ledger
from dynamicrag.records import Decision
from dynamicrag.routers.asking import NOBODY
from dynamicrag.routers.base import Choice
from dynamicrag.stages.base import DecisionPoint
from dynamicrag.stages.choices import chosen
from dynamicrag.stages.contexts import Contexts
from dynamicrag.stages.situation import Situation
from dynamicrag.turn import TurnState
from dynamicrag.types import Move, Option, Usage


def continues(move: Option) -> bool:
    """Return whether a move continues work on the answer."""
    return isinstance(move, Move) and move.kind in ("redo", "refine", "ask_again")


class ClosedMoves:
    """Finds the move that a router would make without limits. It calls no models."""

    def __init__(self, contexts: Contexts, ledger: Ledger) -> None:
        self._contexts = contexts
        self._ledger = ledger

    async def unlimited(
        self,
        point: DecisionPoint,
        turn: TurnState,
        call: CallOptions,
        features: Mapping[str, float],
        at: Situation,
    ) -> Choice:
        """Return the choice of a router that calls no models, as if there were no limits."""
        began = time.perf_counter()
        router = f"router:{point.router.registered}"
        with self._ledger.span(turn["id"], point.name, router, kind="route") as line:
            free, _ = await self._contexts.of(point, turn, call, features, at, limited=False)
            choice = await chosen(point.router, replace(free, ask=NOBODY))
            seconds = time.perf_counter() - began
            line.usage = Usage(seconds=seconds, cpu_seconds=seconds)
        return choice

    async def noted(
        self, decision: Decision, point: DecisionPoint, turn: TurnState, call: CallOptions, at: Situation
    ) -> Decision:
        """Return a decision that ends a turn, with the move in ``bounded`` that only a limit has closed.

        A router that calls models is not asked a second time.
        """
        ends = point.options[point.index(decision["chosen"])]
        if not decision["binding"] or point.router.models or continues(ends):
            return decision
        features = await self._contexts.features(point, turn, call)
        choice = await self.unlimited(point, turn, call, features, at)
        move = point.options[choice.index]
        if not continues(move) or decision["allowed"][choice.index]:
            return decision
        return {**decision, "bounded": f"{decision['binding']}: no budget for {move.name}"}
