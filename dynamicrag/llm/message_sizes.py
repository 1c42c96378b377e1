"""Sizes of messages, in bytes and in tokens."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["AROUND", "about", "most", "size"]

AROUND = 16
"""Tokens that a chat template puts around a message, at most."""


def size(messages: "Sequence[BaseMessage]") -> int:
    """Return the bytes of the texts."""
    return sum(len(message.text.encode(errors="replace")) for message in messages)


def most(messages: "Sequence[BaseMessage]") -> int:
    """Return an upper bound of the tokens: one per byte."""
    return size(messages) + AROUND * len(messages)


def about(message: "BaseMessage") -> int:
    """Return a cautious estimate of a message's tokens: one per three characters."""
    return math.ceil(len(message.text) / 3) + 4
