"""The result of a chat model."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dynamicrag.types import Usage

__all__ = ["Completion", "TokenProb", "within"]

_FAR = 32  # longest text in characters that servers omit from the probabilities, for example a special token


@dataclass(frozen=True, slots=True)
class TokenProb:
    """A generated token.

    Attributes:
        text: The token as text.
        logprob: Natural logarithm of its probability.
        margin: Probability of the likeliest token here minus that of the second, 0 to 1; small means unsure.
        top: The likeliest tokens here with their probabilities, as far as reported.
    """

    text: str
    logprob: float
    margin: float
    top: tuple[tuple[str, float], ...] = ()

    @property
    def entropy(self) -> float:
        """Entropy in nats over the likeliest tokens and the rest as one token: a lower bound."""
        known = [p for _, p in self.top] or [math.exp(self.logprob)]
        return sum(-p * math.log(p) for p in (*known, 1.0 - sum(known)) if p > 0.0)


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer of a chat model.

    Attributes:
        text: The answer, without thoughts and without white space before it.
        message_id: Id of the streamed message, the same id as in LangGraph's ``messages`` stream.
        usage: Consumption of the call.
        tokens: The tokens with their probabilities; empty if not reported.
        finish_reason: The provider's word, for example ``stop`` or ``length``.
        timings: llama.cpp's own account of a local call; empty for others.
        ended: Whether the stream ended properly, as far as known.
        model: The model that answered, in the provider's word; ``""`` if not reported.
    """

    text: str
    message_id: str
    usage: Usage
    tokens: tuple[TokenProb, ...]
    finish_reason: str | None
    timings: Mapping[str, float]
    ended: bool = True
    model: str = ""

    def tokens_from(self, start: int) -> tuple[TokenProb, ...]:
        """Return the tokens of ``text[start:]``, for example of an answer's span."""
        ends = (end for _, end in _places(self.tokens, self.text))
        return next((self.tokens[index:] for index, end in enumerate(ends) if end > start), ())


def within(tokens: Sequence[TokenProb], text: str, spans: Sequence[tuple[int, int]]) -> Iterator[TokenProb]:
    """Yield the tokens of some spans of a text, ``(start, end)`` in order, each cut to its part of a span."""
    for token, (start, end) in zip(tokens, _places(tokens, text), strict=True):
        inside = [
            (max(start, left), min(end, right)) for left, right in spans if start <= right and left <= end
        ]
        part = "".join(text[left:right] for left, right in inside)
        if part or (start == end and any(left < start or start == 0 for left, _ in spans if inside)):
            yield replace(token, text=part)


def _places(tokens: Sequence[TokenProb], text: str) -> Iterator[tuple[int, int]]:
    """Yield the position of each token in a text, as ``(start, end)``.

    Tokens and text may not match: servers omit tokens, and write parts of characters.
    """
    at = 0
    for token in tokens:
        found = text.find(token.text, at, at + len(token.text) + _FAR)
        if found < 0:
            yield at, at
        else:
            at = found + len(token.text)
            yield found, at
