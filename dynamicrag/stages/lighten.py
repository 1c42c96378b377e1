"""What is left to try where a query's limit has no room for any model's call: fewer passages."""

from dynamicrag.errors import BudgetExceeded, TotalExceeded
from dynamicrag.stages.fit import SHORTEST
from dynamicrag.types import TurnState


def lighter(stage: str, turn: TurnState, error: Exception) -> TurnState | None:
    """Return the turn without the worst of its passages, or ``None`` where that helps nothing.

    A single passage is cut at its end, and some of it stays: an answer without documents is another answer.

    Args:
        stage: Where the call was made.
        turn: The turn.
        error: Why it was not; of all models together, waiting for others' reservations has not helped.
    """
    passages = turn.get("passages", [])
    dear = isinstance(error, BudgetExceeded) and not isinstance(error, TotalExceeded)
    if isinstance(error.__cause__, TimeoutError):  # the time is gone, whatever is asked with it
        return None
    if stage != "generator" or not passages or not dear:
        return None
    if len(passages) > 1:
        return {**turn, "passages": passages[:-1]}
    (last,) = passages
    if len(last["text"]) <= SHORTEST:
        return None
    cut = max(SHORTEST, len(last["text"]) * 3 // 4)
    return {**turn, "passages": [{**last, "text": last["text"][:cut]}]}
