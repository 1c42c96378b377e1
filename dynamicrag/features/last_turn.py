"""Signals about the turn before: how much a question leans on it, and whether its passages may answer."""

from collections.abc import Sequence

from dynamicrag.features.follow_up import Leaning, leaning
from dynamicrag.features.retrieval import retrieval
from dynamicrag.records import Passage

__all__ = ["NAMES", "last_turn"]

NAMES = ("leans", "last_passages", "last_matched")


def last_turn(question: str, passages: Sequence[Passage]) -> dict[str, float]:
    """Return the signals of a question in a conversation.

    Args:
        question: The question as it was written, not rewritten to stand alone.
        passages: The passages of the turn before; none if they are not known.

    Returns:
        ``leans`` (how much the question depends on the conversation, from 0 to 1), and with passages
        ``last_passages`` (their number) and ``last_matched`` (share of the question's content words that
        occur in them; 1 if it has none).
    """
    signals = {"leans": leaning(question) / Leaning.SURELY}
    if passages:
        matched = retrieval(question, passages)["matched_all"]
        signals |= {"last_passages": float(len(passages)), "last_matched": matched}
    return signals
