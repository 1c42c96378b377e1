"""BM25 by rank-bm25, the reference in tests of rankings."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.retrieval.index_terms import analyse_chunk
from dynamicrag.retrieval.lexical import LexicalIndex, idf
from dynamicrag.retrieval.store import Chunk


class RankBm25Index(LexicalIndex):
    """BM25 computed at query time, by rank-bm25: the reference in tests of rankings.

    rank-bm25 follows ATIRE, whose idf is negative for terms in more than half of the documents and is then
    replaced by a share of the average; its term weight is also multiplied by ``k1 + 1``. With Lucene's idf
    and the plain term weight, scores equal those of :class:`Bm25sIndex` (Kamphuis et al. 2020). It scores
    every chunk in Python and exists only in memory.
    """

    def __init__(self, ids: list[str], engine: Any, scale: float) -> None:
        super().__init__(ids, {} if engine is None else engine.idf)
        self._engine = engine
        self._scale = scale

    @classmethod
    def build(cls, chunks: Sequence[Chunk], *, k1: float, b: float) -> Self:
        """Index ``chunks``."""
        from rank_bm25 import BM25Okapi

        class LuceneBM25(BM25Okapi):  # type: ignore[misc]
            def _calc_idf(self, nd: dict[str, int]) -> None:
                self.idf = {term: idf(frequency, self.corpus_size) for term, frequency in nd.items()}

        rows = [analyse_chunk(chunk) for chunk in chunks]
        engine = LuceneBM25(rows, k1=k1, b=b) if any(rows) else None
        return cls([chunk.id for chunk in chunks], engine, k1 + 1)

    def scores(self, terms: list[str]) -> NDArray[np.float64]:
        """Return BM25 of every chunk, ``(n,)``."""
        with np.errstate(invalid="ignore"):  # 0 / 0 for a chunk without words
            scores: NDArray[np.float64] = np.nan_to_num(self._engine.get_scores(terms) / self._scale)
        return scores
