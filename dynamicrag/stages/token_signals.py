"""Signals of an answer from the token probabilities of its completion."""

from dynamicrag.features.response import response
from dynamicrag.llm.completion import Completion


def token_signals(completion: Completion, start: int) -> dict[str, float]:
    """Return the signals of the answer that begins at character ``start``."""
    tokens = completion.tokens_from(start)
    return response(
        [token.margin for token in tokens],
        [token.logprob for token in tokens],
        [token.entropy for token in tokens],
    )
