"""The part of a corpus that matches a filter."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from dynamicrag.call_options import Filter, Typed, distinct, typed
from dynamicrag.retrieval.chunking import document_of
from dynamicrag.retrieval.embedder import Vectors
from dynamicrag.retrieval.lexical import LexicalIndex, Mask
from dynamicrag.retrieval.titles import TitleIndex
from dynamicrag.retrieval.vectors import VectorIndex

KEPT = 64
"""Number of filters whose selection is cached."""
EXACT = 1_000
"""Largest selection in chunks whose vectors are all compared and cached: 1.5 MB at 384 dimensions."""
SPARE = 2.0
"""Factor of extra neighbours requested beyond a selection's share of the corpus."""


class Selection:
    """The documents that match a filter, and data derived from them at one state of the corpus.

    Args:
        documents: Their ids.
    """

    def __init__(self, documents: frozenset[str]) -> None:
        self.documents = documents
        self._mask: tuple[LexicalIndex, Mask] | None = None
        self._titles: TitleIndex | None = None
        self._vectors: tuple[int, list[str], Vectors] | None = None

    def holds(self, chunk: str) -> bool:
        """Return whether a chunk belongs to one of the documents."""
        return document_of(chunk) in self.documents

    def mask(self, index: LexicalIndex) -> Mask:
        """Return whether each chunk of an index is in the selection, ``(n,)``."""
        known = self._mask
        if known is None or known[0] is not index:
            mask = np.fromiter(map(self.holds, index.ids), dtype=np.bool_, count=len(index.ids))
            known = self._mask = (index, mask)
        return known[1]

    def titles(self, every: Callable[[], Sequence[tuple[str, str]]]) -> TitleIndex:
        """Return the titles of the documents, given those of all."""
        if self._titles is None:
            self._titles = TitleIndex(pair for pair in every() if pair[0] in self.documents)
        return self._titles

    def nearest(
        self, vector: Vectors, k: int, index: VectorIndex, seen: int, ready: Callable[[], Sequence[str]]
    ) -> list[tuple[str, float]]:
        """Return the chunks nearest to a vector and their cosine, the most similar first.

        A small selection is compared completely. For a large one, neighbours in the whole corpus are
        requested until enough of them are in the selection.

        Args:
            vector: ``(d,)``, of length 1.
            k: Number of chunks.
            index: The vector index of the corpus.
            seen: Number of its changes.
            ready: Returns the selection's chunks that are in the index.
        """
        known = self._vectors
        if known is None or known[0] != seen:
            ids = ready()
            found = index.vectors(ids) if 0 < len(ids) <= EXACT else (list(ids), np.zeros((0, len(vector))))
            known = self._vectors = (seen, *found)
        _, ids, vectors = known
        if len(ids) <= EXACT:
            return _best(ids, vectors @ vector, k)
        total = index.count()
        wanted = int(k * SPARE * total / len(ids)) + 1
        while True:
            pairs = [pair for pair in index.query(vector, min(wanted, total)) if self.holds(pair[0])]
            if len(pairs) >= min(k, len(ids)) or wanted >= total:
                return pairs[:k]
            wanted *= 4


def _best(ids: Sequence[str], similarity: Vectors, k: int) -> list[tuple[str, float]]:
    pairs = zip(ids, map(float, similarity), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]


class Selections:
    """The latest selections of a corpus at one state of its content. Safe to share among threads.

    Args:
        metadata: The metadata of every document, by id.
    """

    def __init__(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        self._metadata = metadata
        self._selection = lru_cache(KEPT)(self._select)
        self._by_value = cache(self._sorted_by_value)

    def of(self, filter: Filter) -> Selection:  # noqa: A002
        """Return the selection of a filter."""
        return self._selection(distinct(filter))

    def _select(self, wanted: frozenset[tuple[str, frozenset[Typed]]]) -> Selection:
        fields = ((self._by_value(name), values) for name, values in wanted)
        found = [set[str]().union(*(of.get(value, ()) for value in values)) for of, values in fields]
        return Selection(frozenset(set.intersection(*found)))

    def _sorted_by_value(self, name: str) -> Mapping[Typed, set[str]]:
        """Return the documents with each value of a field."""
        documents: dict[Typed, set[str]] = {}
        for document, said in self._metadata.items():
            for value in typed(said.get(name)):
                documents.setdefault(value, set()).add(document)
        return documents
