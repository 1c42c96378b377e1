"""Checks the passages of user-defined retrievers, in plain types."""

from collections.abc import Mapping
from dataclasses import replace

from dynamicrag.borders import answered, is_ours, method_of, number, plain
from dynamicrag.call_options import Filter
from dynamicrag.errors import CorpusError
from dynamicrag.plain_values import shown
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import Retrieved, Retriever
from dynamicrag.types import Usage

__all__ = ["found_by", "passages_of"]

VALID = (
    "valid: a list of passages, each with 'id', 'document', 'title' and 'text' as text and 'score' as number"
)
_TEXTS = ("id", "document", "title", "text")


async def found_by(retriever: Retriever, query: str, k: int, filter: Filter) -> Retrieved:  # noqa: A002
    """Call a retriever.

    Raises:
        CorpusError: It failed, or a user-defined retriever broke its contract.
    """
    if is_ours(retriever):
        return await retriever.retrieve(query, k, filter)
    what = method_of("retriever", retriever, "retrieve(query, k, filter)")
    found = await answered(lambda: retriever.retrieve(query, k, filter), what, CorpusError)
    if not isinstance(found, Retrieved):
        raise CorpusError(f"{what} returned {shown(found)}; valid: Retrieved(passages, usage)")
    if not isinstance(found.usage, Usage):
        raise CorpusError(f"{what} returned usage={shown(found.usage)}; valid: Usage(calls=1, seconds=…)")
    try:
        passages, confidence = passages_of(found.passages, "passages"), number(found.confidence)
    except TypeError as error:
        raise CorpusError(f"{what} returned {error}") from None
    return replace(found, passages=passages, confidence=confidence)


def passages_of(found: object, what: str) -> list[Passage]:
    """Return the passages of a user's object in plain types; ``what`` names them, for messages.

    Raises:
        TypeError: They are not passages; the message says what is valid.
    """
    if not isinstance(found, list | tuple):
        raise TypeError(f"{what}={shown(found)}; {VALID}")
    return [_passage(each, f"{what}[{at}]") for at, each in enumerate(found)]


def _passage(found: object, place: str) -> Passage:
    if not isinstance(found, Mapping):
        raise TypeError(f"{shown(found)} as {place}; {VALID}")
    for key in (*_TEXTS, "score"):
        if key not in found:
            raise TypeError(f"{place} without {key!r}; {VALID}")
    for key in _TEXTS:
        if not isinstance(found[key], str):
            raise TypeError(f"{place} with {key!r} {shown(found[key])}, which is not a text; {VALID}")
    try:
        return Passage(**{**plain(found), "score": number(found["score"])})  # type: ignore[typeddict-item]
    except TypeError as error:
        raise TypeError(f"{place} in which {error}; {VALID}") from None
