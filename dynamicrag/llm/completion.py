"""What a chat model gives back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dynamicrag.types import Usage

__all__ = ["Completion", "TokenProb"]


@dataclass(frozen=True, slots=True)
class TokenProb:
    """A generated token.

    Attributes:
        text: The token as text.
        logprob: Natural logarithm of its probability.
        margin: Probability of the likeliest token here minus that of the second, 0 to 1; small means unsure.
        top: The likeliest tokens here with their probabilities, as far as the provider tells.
    """

    text: str
    logprob: float
    margin: float
    top: tuple[tuple[str, float], ...] = ()

    @property
    def entropy(self) -> float:
        """Entropy in nats over the likeliest tokens and all the others as one: a lower bound of the whole."""
        known = [p for _, p in self.top] or [math.exp(self.logprob)]
        return sum(-p * math.log(p) for p in (*known, 1.0 - sum(known)) if p > 0.0)


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer of a chat model.

    Attributes:
        text: All of the text.
        message_id: Id of the streamed message, the same that LangGraph's ``messages`` stream shows.
        usage: What the call consumed.
        tokens: The tokens with their probabilities; empty where the provider gives none.
        finish_reason: The provider's word, such as ``stop`` or ``length``.
        timings: llama.cpp's own account of a local call; empty for others.
    """

    text: str
    message_id: str
    usage: Usage
    tokens: tuple[TokenProb, ...]
    finish_reason: str | None
    timings: Mapping[str, float]

    def tokens_from(self, start: int) -> tuple[TokenProb, ...]:
        """Return the tokens of ``text[start:]``, such as those of an answer's span."""
        at = 0
        for index, token in enumerate(self.tokens):
            at += len(token.text)
            if at > start:
                return self.tokens[index:]
        return ()
