"""The move that a turn does not make because a limit closes it."""

import time
from dataclasses import replace

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.ledger import Ledger
from dynamicrag.records import Decision
from dynamicrag.routers.base import NOBODY
from dynamicrag.stages.base import DecisionPoint
from dynamicrag.stages.choices import chosen
from dynamicrag.stages.contexts import Contexts
from dynamicrag.stages.shortage import ON
from dynamicrag.stages.situation import Situation
from dynamicrag.turn import TurnState
from dynamicrag.types import Move, Usage


class ClosedMoves:
    """Finds the move that a router would make without limits. It calls no models.

    Args:
        contexts: Makes contexts of decisions.
        ledger: The account.
    """

    def __init__(self, contexts: Contexts, ledger: Ledger) -> None:
        self._contexts = contexts
        self._ledger = ledger

    async def noted(
        self, decision: Decision, point: DecisionPoint, turn: TurnState, call: CallOptions, at: Situation
    ) -> Decision:
        """Return a decision that ends a turn, with the move in ``bounded`` that only a limit has closed.

        A router that calls models is not asked a second time.

        Args:
            decision: The decision within the limits.
            point: Verification.
            turn: The turn before the decision.
            call: The options of the call.
            at: Its situation.
        """
        ends = point.options[point.index(decision["chosen"])]
        if not decision["binding"] or point.router.models or not isinstance(ends, Move) or ends.kind in ON:
            return decision
        began = time.perf_counter()
        router = f"router:{point.router.registered}"
        with self._ledger.span(turn["id"], point.name, router, kind="route") as line:
            features = await self._contexts.features(point, turn, call)
            free, _ = await self._contexts.of(point, turn, call, features, at, limited=False)
            choice = await chosen(point.router, replace(free, ask=NOBODY))
            seconds = time.perf_counter() - began
            line.usage = Usage(seconds=seconds, cpu_seconds=seconds)
        move = point.options[choice.index]
        if not isinstance(move, Move) or move.kind not in ON or decision["allowed"][choice.index]:
            return decision
        return {**decision, "bounded": f"{decision['binding']}: no budget for {move.name}"}
