"""The sentences of passages that support an answer, by the words that they share with it.

The words are counted as in :class:`~dynamicrag.verify.groundedness.Groundedness`: those of the question are
no evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dynamicrag.records import Passage
from dynamicrag.text.sentences import sentences
from dynamicrag.text.terms import Unit, terms, units
from dynamicrag.verify.groundedness import beyond

__all__ = ["Piece", "Supported", "supported"]

LEAST = 0.5
"""Least share of the content words of an answer's sentence that a supporting sentence has."""
MOST_SENTENCES = 400
"""Number of sentences of the passages that are compared; further ones are shown unmarked."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a passage, and whether it supports the answer."""

    text: str
    used: bool


@dataclass(frozen=True, slots=True)
class Supported:
    """A passage in sentences."""

    id: str
    title: str
    pieces: Sequence[Piece]

    @property
    def used(self) -> bool:
        """Whether it has a sentence that supports the answer."""
        return any(piece.used for piece in self.pieces)


def supported(question: str, answer: str, passages: Sequence[Passage]) -> list[Supported]:
    """Return the passages with the sentences marked that support an answer best."""
    split = [sentences(passage["text"]) for passage in passages]
    places = [(i, j) for i, said in enumerate(split) for j in range(len(said))][:MOST_SENTENCES]
    known = {(i, j): set(terms(split[i][j], every=True)) for i, j in places}
    used = set(_used(question, answer, known))
    return [
        Supported(
            passage["id"], passage["title"], [Piece(text, (i, j) in used) for j, text in enumerate(said)]
        )
        for i, (passage, said) in enumerate(zip(passages, split, strict=True))
    ]


def _used(question: str, answer: str, known: dict[tuple[int, int], set[str]]) -> Iterator[tuple[int, int]]:
    """Yield the place of the best sentence for each sentence of the answer, if one is good enough."""
    for said in sentences(answer):
        claimed = units(said)
        own = beyond(claimed, question) or claimed
        if not own or not known:
            continue
        asked = [unit for unit in claimed if unit not in own]
        # words of the question decide between equals: it has more words of the question
        best = max(known, key=lambda place: (_share(own, known[place]), _share(asked, known[place])))
        if _share(own, known[best]) >= LEAST:
            yield best


def _share(claimed: Sequence[Unit], found: set[str]) -> float:
    return sum(unit.within(found) for unit in claimed) / len(claimed) if claimed else 0.0
