"""The prompt cache of a model: the beginnings of prompts that it need not compute again."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Reported", "Slots", "in_common", "prompt_text"]

SIMILAR = 0.1
"""Share of a prompt that a slot must hold for llama.cpp to prefer it to the slot unused for longest."""
FRESH = 300.0
"""Seconds for which providers keep a prompt at least, as far as they document it (OpenAI, Anthropic)."""
SEEN = 16


def prompt_text(messages: "Sequence[BaseMessage]") -> str:
    """Return the text of a prompt, to compare its beginning with another's."""
    return "\n".join(message.text for message in messages)


def in_common(one: str, other: str) -> int:
    """Return the number of characters with which both texts begin."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while low < high:  # by halves: Python compares slices faster than characters
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


class _Contents(NamedTuple):
    """Prompts in the slots, oldest first, and the shares found for them so far."""

    idle: tuple[str, ...]
    busy: tuple[str, ...]
    shares: dict[str, float]


class Slots:
    """The slots of a llama.cpp server: each holds the last prompt that it computed.

    The choice of a slot is llama.cpp's. Written on one thread, read on any.

    Args:
        count: Number of slots.
    """

    def __init__(self, count: int) -> None:
        self._now = _Contents(("",) * count, (), {})

    @contextmanager
    def taken(self, prompt: str) -> Iterator[None]:
        """Hold a slot while it computes a prompt."""
        idle = list(self._now.idle)
        held = max(idle, key=lambda text: in_common(text, prompt))
        if in_common(held, prompt) <= SIMILAR * len(prompt):
            held = idle[0]
        idle.remove(held)
        self._now = _Contents(tuple(idle), (*self._now.busy, prompt), {})
        holds = held[: in_common(held, prompt)]  # also if the call fails before it is computed
        try:
            yield
            holds = prompt
        finally:
            busy = list(self._now.busy)
            busy.remove(prompt)
            self._now = _Contents((*self._now.idle, holds), tuple(busy), {})

    def share(self, beginning: str) -> float:
        """Return the share of a prompt's beginning that the slot of the next call holds, 0 to 1."""
        now = self._now
        found = now.shares.get(beginning)
        if found is None:
            most = max(in_common(text, beginning) for text in now.idle or now.busy)
            found = now.shares[beginning] = most / max(1, len(beginning))
        return found


class Reported:
    """The cached tokens that a server or a provider reported for its last prompts."""

    def __init__(self) -> None:
        self._seen: tuple[tuple[str, int, float], ...] = ()

    def note(self, prompt: str, cached_tokens: int) -> None:
        """Note the report on a prompt."""
        self._seen = ((prompt, cached_tokens, time.monotonic()), *self._seen[: SEEN - 1])

    def tokens(self, beginning: str) -> float:
        """Return the cached tokens of the last prompt with this beginning; 0 if that is too long ago."""
        for prompt, cached, at in self._seen:
            if prompt.startswith(beginning):
                return float(cached) if time.monotonic() - at < FRESH else 0.0
        return 0.0
