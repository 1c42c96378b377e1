"""The facts of the turn before that a new turn of a conversation needs."""

from collections.abc import Iterable
from typing import Any

from dynamicrag.graph.channel import Channel
from dynamicrag.records import Passage
from dynamicrag.turn import LastTurn, TurnState

__all__ = ["last_turn"]


def last_turn(before: TurnState, channel: Channel, *, passages: bool) -> LastTurn:
    """Return the facts of a finished turn.

    Args:
        before: The turn.
        channel: Our channel, which has its account.
        passages: Whether an option of the policy uses its passages again.
    """
    draft = before.get("draft")
    model = "" if draft is None else draft["model"]
    usage = _usage(before["id"], model, channel)
    found = before.get("candidates", []) if passages and before.get("passages") else []
    return LastTurn(
        candidates=list(map(_for_another_question, found)),
        path=before.get("path", {}),
        model=model,
        input_tokens=int(usage.get("input_tokens", 0)),
        cached_tokens=int(usage.get("cached_tokens", 0)),
    )


def _for_another_question(passage: Passage) -> Passage:
    """Return a passage without its score and its similarity, which belong to the question before."""
    kept: Passage = {**passage, "score": 0.0}
    kept.pop("similarity", None)
    return kept


def _usage(query_id: str, model: str, channel: Channel) -> dict[str, Any]:
    """Return the usage of the last call by which a model wrote a draft of a query."""
    lines: Iterable[Any] = reversed(channel["account"])
    calls = (line for line in lines if line["query"] == query_id and line["stage"] == "generator")
    return next((each.get("usage", {}) for each in calls if model and each["label"] == model), {})
