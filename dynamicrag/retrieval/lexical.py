"""BM25 over the chunks of a corpus, and coverage of a question by its vocabulary."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.retrieval.index_terms import analyse, analyse_chunk
from dynamicrag.retrieval.store import Chunk

UNEXPLAINED, EXPLAINED = 0.15, 0.3
"""Share of a question's idf reached by the best chunk's score for questions in other words than the
documents, and in the same words: the sample's questions have .24 to .55 (5 and 95 %), paraphrases of them
.07 to .23.
"""

Mask = NDArray[np.bool_]


def idf(frequency: int, size: int) -> float:
    """Return Lucene's inverse document frequency, which is always positive.

    Source: Kamphuis et al., "Which BM25 do you mean?", ECIR 2020.
    """
    return math.log(1 + (size - frequency + 0.5) / (frequency + 0.5))


class LexicalIndex(ABC):
    """Ranks chunks by exact BM25 as in Lucene, with ties in the order of the chunks.

    Args:
        ids: Chunk ids, in the order of the corpus.
        weights: Idf of each term.
    """

    def __init__(self, ids: list[str], weights: dict[str, float]) -> None:
        self.ids = ids
        self._weights = weights
        self._rarest = max(weights.values(), default=1.0)

    @classmethod
    @abstractmethod
    def build(cls, chunks: Sequence[Chunk], *, k1: float, b: float) -> Self:
        """Index ``chunks``."""

    @abstractmethod
    def scores(self, terms: list[str]) -> NDArray[np.float64]:
        """Return BM25 of every chunk, ``(n,)``; ``terms`` is not empty and all terms occur."""

    def weight(self, term: str) -> float:
        """Return a term's idf; for an absent term, the idf of the rarest."""
        return self._weights.get(term, self._rarest)

    def confidence(self, query: str, best: float) -> float:
        """Return the share of a question explained by the best chunk's words, 0 to 1.

        It follows the chunk's score, ``best``, over the sum of the question's idf, from :data:`UNEXPLAINED`
        (0) to :data:`EXPLAINED` (1). A question in other words than the documents has a low confidence: its
        ranking depends on unimportant words.
        """
        most = sum(map(self.weight, analyse(query)))
        share = best / most if most else 0.0
        return min(1.0, max(0.0, (share - UNEXPLAINED) / (EXPLAINED - UNEXPLAINED)))

    def search(self, query: str, k: int, within: Mask | None = None) -> list[tuple[str, float]]:
        """Find the ``k`` best chunks that share a term with ``query``, and their scores, best first.

        Only chunks ``within`` a mask, ``(n,)``, are found; scores are computed over the whole corpus.
        """
        terms = [term for term in analyse(query) if term in self._weights]
        if not terms or k < 1:
            return []
        scores = self.scores(terms)
        if within is not None:
            scores = np.where(within, scores, 0.0)
        least = 0.0
        if len(scores) > k:
            # Sums of the same parts in another order differ in the last bits; they count as ties.
            least = max(0.0, float(np.partition(scores, len(scores) - k)[len(scores) - k]) - 1e-9)
        found = np.flatnonzero(scores > least)
        best = found[np.lexsort((found, -scores[found].round(9)))][:k]
        return [(self.ids[i], float(scores[i])) for i in best]


class Bm25sIndex(LexicalIndex):
    """BM25 computed at indexing time, by bm25s.

    Source: Lù, "BM25S: Orders of magnitude faster lexical search via eager sparse scoring", 2024
    (arXiv 2407.03618).
    """

    def __init__(self, ids: list[str], engine: Any) -> None:
        frequencies = np.diff(engine.scores["indptr"]).tolist()
        self._vocabulary: dict[str, int] = engine.vocab_dict
        super().__init__(
            ids, {term: idf(frequencies[place], len(ids)) for term, place in self._vocabulary.items()}
        )
        self._engine = engine

    @classmethod
    def build(cls, chunks: Sequence[Chunk], *, k1: float, b: float) -> Self:
        """Index ``chunks``."""
        import bm25s

        vocabulary: dict[str, int] = {}
        rows = [
            [vocabulary.setdefault(term, len(vocabulary)) for term in analyse_chunk(chunk)]
            for chunk in chunks
        ]
        # float64, so that rankings match the definition exactly
        engine = bm25s.BM25(k1=k1, b=b, method="lucene", dtype="float64")
        if vocabulary:
            engine.index((rows, vocabulary), create_empty_token=False, show_progress=False)
        else:  # only punctuation, or nothing
            engine.vocab_dict, engine.nonoccurrence_array = {}, None
            empty = np.zeros(0)
            engine.scores = {
                "data": empty,
                "indices": empty.astype(np.int32),
                "indptr": np.zeros(1, dtype=np.int64),
                "num_docs": len(chunks),
            }
        return cls([chunk.id for chunk in chunks], engine)

    def save(self, folder: Path) -> None:
        """Write ``.npy`` and JSON files (no pickle) into ``folder``."""
        self._engine.save(folder, show_progress=False)
        (folder / "ids.json").write_text(json.dumps(self.ids), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load an index written by :meth:`save`.

        Raises:
            OSError: A file is missing.
            ValueError: A file is damaged.
        """
        import bm25s

        ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        engine = bm25s.BM25.load(folder, allow_pickle=False, show_progress=False)
        terms = len(engine.scores["indptr"]) - 1
        if engine.scores["num_docs"] != len(ids) or terms != len(engine.vocab_dict):
            raise ValueError(f"{folder}: the files do not belong together")
        return cls(ids, engine)

    def scores(self, terms: list[str]) -> NDArray[np.float64]:
        """Return BM25 of every chunk, ``(n,)``."""
        scores: NDArray[np.float64] = self._engine.get_scores(terms)
        return scores

    def coverage(self, text: str, within: Mask | None = None) -> dict[str, float]:
        """Return the coverage of a question's vocabulary by the chunks ``within`` a mask, ``(n,)``.

        Returns:
            ``coverage``: share of the distinct terms that occur; ``idf_coverage``: the same weighted by idf,
            where an absent term has the highest idf; ``unseen_terms``: number of absent terms. A question
            without terms has a coverage of 0.
        """
        terms = set(analyse(text))
        known = [term for term in terms if term in self._weights]
        if within is None:
            seen, rarest = [self._weights[term] for term in known], self._rarest
        else:
            size = int(within.sum())
            counts = [int(within[self._chunks_with(term)].sum()) for term in known]
            seen, rarest = [idf(count, size) for count in counts if count], idf(1, size)
        unseen = len(terms) - len(seen)
        weight = sum(seen) + unseen * rarest
        return {
            "coverage": len(seen) / len(terms) if terms else 0.0,
            "idf_coverage": sum(seen) / weight if weight else 0.0,
            "unseen_terms": float(unseen),
        }

    def _chunks_with(self, term: str) -> NDArray[np.int32]:
        """Return the positions of the chunks with a term."""
        place = self._vocabulary[term]
        start, end = self._engine.scores["indptr"][place : place + 2]
        found: NDArray[np.int32] = self._engine.scores["indices"][start:end]
        return found
