"""Finds the answer's span in a model's raw text, without the marks around it."""

import re
from dataclasses import dataclass

__all__ = ["Answer", "prose", "span"]

MARKS = ' \t\r\n*_`"'
"""White space, and marks around a few words by chat models."""
AROUND = ("**", "*", '"')
"""Marks removed around whole sentences; underscores and backticks may belong to code."""
_FENCED = re.compile(r"\s*```[\w+#.-]*[ \t]*\r?\n(?P<inside>(?:(?!```).)*?)\s*(?:```)?\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in a model's raw text: ``text``, which begins at character ``start`` of the raw text."""

    text: str
    start: int


def span(text: str, start: int, end: int | None = None) -> Answer:
    """Return ``text[start:end]`` as a short answer, without white space, emphasis or code fence around it."""
    piece = text[start:end]
    if fenced := _FENCED.fullmatch(piece):
        start += fenced.start("inside")
        piece = fenced["inside"]
    bare = piece.strip(MARKS)
    return Answer(bare, start + piece.find(bare) if bare else start)


def prose(text: str, start: int) -> Answer:
    """Return ``text[start:]`` as sentences or code: a mark is removed only if it surrounds all of it.

    Code fences, lists and emphasis inside belong to the answer.
    """
    piece = text[start:]
    if not piece.strip(MARKS):
        return Answer("", start)
    bare = piece.strip()
    for mark in AROUND:
        inner = bare[len(mark) : -len(mark)]
        if bare.startswith(mark) and bare.endswith(mark) and inner and mark[0] not in inner:
            bare = inner.strip()
    return Answer(bare, start + piece.find(bare))
