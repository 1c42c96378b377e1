"""Converts passages of foreign retrievers: unique ids, finite scores and clean text.

A passage's id is the id of the library's document, or ``chunk_id`` in the metadata. An ``id`` in the
metadata often identifies the page, which all its chunks share; it becomes the document id, and with a hash
of the text the passage id. Document and title come from the metadata (``document``, ``source``,
``file_path``, ``url``; ``title``, ``file_name``). A score that is not a number becomes ``1 / rank``.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.records import Passage
from dynamicrag.retrieval.formats.clean import clean, one_line
from dynamicrag.retrieval.metadata import plain_metadata, single_values


def listed(found: Any) -> list[Any]:
    """Return the result of a retriever as a list.

    Raises:
        TypeError: It is not a collection of items; the message names its type.
    """
    if found is None:
        raise TypeError("None")
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        raise TypeError(f"a {type(found).__name__}")
    return list(found)


def passage(
    text: Any, metadata: Any, rank: int, *, name: Any = None, score: Any = None, wanted: Filter = NO_FILTER
) -> Passage:
    """Return one passage.

    Args:
        text: The content.
        metadata: The library's metadata.
        rank: Its position, from 1.
        name: Id of the library's document, if it is persistent.
        score: The library's own score, if any.
        wanted: The filter, whose fields are copied to the passage, beside short single values.

    Raises:
        TypeError: The content is not text.
    """
    if not isinstance(text, str):
        raise TypeError(f"content that is a {type(text).__name__} at rank {rank}")
    facts: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}

    def first(*keys: str) -> str:
        values = (one_line(str(facts[key])) for key in keys if facts.get(key) is not None)
        return next(filter(None, values), "")

    page = first("id")
    chosen = one_line(str(name or "")) or first("chunk_id") or (f"{page}#{digest(text)}" if page else "")
    chosen = chosen or digest(text)
    given = score if score is not None else facts.get("score", facts.get("relevance_score"))
    made = Passage(
        id=chosen,
        document=first("document", "document_id", "source", "file_path", "url") or page or chosen,
        title=first("title", "file_name"),
        text=clean(text),
        score=_number(given, 1.0 / rank),
    )
    filtered = plain_metadata({field: facts[field] for field in wanted if field in facts})
    if about := {**single_values(facts), **filtered}:
        made["metadata"] = about
    return made


def unique(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages with different ids for different texts."""
    texts = {(each["id"], each["text"]) for each in passages}
    shared = {name for name, count in Counter(name for name, _ in texts).items() if count > 1}
    return [
        Passage(**{**each, "id": f"{each['id']}#{digest(each['text'])}"}) if each["id"] in shared else each
        for each in passages
    ]


def digest(text: str) -> str:
    """Return a short hash of a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _number(value: Any, default: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if math.isfinite(number) else default
