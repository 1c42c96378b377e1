"""Cleans text from servers: parts, halves of characters, invisible characters."""

import re
from typing import Any

__all__ = ["blank", "text_of", "without_halves"]

_BLANKS = re.compile(r"[\s\x00\u200b-\u200f\u2060\ufeff]*")
"""White space and invisible marks."""


def blank(text: str) -> int:
    """Return the number of invisible characters at the beginning of a text."""
    found = _BLANKS.match(text)
    return found.end() if found else 0


def without_halves(text: str) -> str:
    """Join surrogate pairs and remove unpaired surrogates, which cannot be encoded."""
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def text_of(content: Any) -> str:
    """Return the text in a message's content: a string, or parts, some with text.

    Thoughts, tool calls and other parts without text are left out.
    """
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list | tuple) else ()
    return "".join(_part(part) for part in parts)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type", "text") not in ("text", "output_text"):
        return ""
    text = part.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else ""
