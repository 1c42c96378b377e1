"""Reduces the passages of a query whose remaining limit is too low for a call to any model."""

from dynamicrag.errors import BudgetExceeded, TotalExceeded
from dynamicrag.stages.fit import SHORTEST
from dynamicrag.turn import TurnState


def lighter(stage: str, turn: TurnState, error: Exception) -> TurnState | None:
    """Return the turn without the worst of its passages, or ``None`` if that does not help.

    A single passage is cut at its end, but part of it stays: an answer without documents is another answer.

    Args:
        stage: The stage of the call.
        turn: The turn.
        error: The reason of the refusal. If it concerns all models together, waiting for others' reservations
            has not helped.
    """
    passages = turn.get("passages", [])
    too_expensive = isinstance(error, BudgetExceeded) and not isinstance(error, TotalExceeded)
    if isinstance(error.__cause__, TimeoutError):  # the time is used up for any prompt
        return None
    if stage != "generator" or not passages or not too_expensive:
        return None
    if len(passages) > 1:
        return {**turn, "passages": passages[:-1]}
    (last,) = passages
    if len(last["text"]) <= SHORTEST:
        return None
    cut = max(SHORTEST, len(last["text"]) * 3 // 4)
    return {**turn, "passages": [{**last, "text": last["text"][:cut]}]}
