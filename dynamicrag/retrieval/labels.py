"""Readable names of passages, for models and people: ids of libraries are often random."""

import re
from collections.abc import Sequence

from dynamicrag.records import Passage

__all__ = ["labels", "readable_id"]

_RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE)
"""UUIDs and digests."""
_SEPARATORS = re.compile(r"[/\\]")


def readable_id(document: str) -> str:
    """Return the id of a document if it is a name, and not random; else an empty text."""
    return "" if _RANDOM.fullmatch(document) else document


def labels(passages: Sequence[Passage]) -> list[str]:
    """Return a name for each passage: its title, its document's file name, or ``document 1``."""
    numbers: dict[tuple[str, str], int] = {}
    named = []
    for passage in passages:
        document = passage["document"]
        number = numbers.setdefault((passage.get("corpus", ""), document), len(numbers) + 1)
        file = _SEPARATORS.split(readable_id(document).rstrip("/\\"))[-1]
        named.append(passage["title"] or file or f"document {number}")
    return named
