"""Lexical retrieval."""

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever, in_thread
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.lexical_files import Implementation


@RETRIEVERS.register("bm25")
class BM25(Retriever):
    """Ranks chunks by the terms they share with the question; no model.

    Both implementations return the same ranking, with ties in the order of the chunks; ``bm25s`` is over a
    hundred times faster. See :mod:`dynamicrag.retrieval.index_terms` for terms and measurements.

    Args:
        corpus: Name of a corpus; by default the policy's first.
        implementation: ``bm25s`` or ``rank-bm25``.
        k1: Saturation of term frequency; more than 0.
        b: Length normalisation, 0 to 1.

    Source: Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009; the
    defaults are Anserini's (Yang, Fang and Lin, SIGIR 2017).
    """

    finds = frozenset({"words"})

    def __init__(
        self,
        *,
        corpus: str | None = None,
        implementation: Implementation = "bm25s",
        k1: float = 0.9,
        b: float = 0.4,
    ) -> None:
        if not 0 < k1 < float("inf"):
            raise ValueError(f"k1 is {k1}; valid: more than 0")
        if not 0 <= b <= 1:
            raise ValueError(f"b is {b}; valid: 0 to 1")
        self._name = corpus
        self._implementation: Implementation = implementation
        self._k1 = k1
        self._b = b
        self._corpus: Corpus

    def bind(self, context: RetrievalContext) -> None:
        """Find the corpus."""
        self._corpus = context.corpus(self._name)
        self.sources = (self._corpus,)

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Find the chunks that share the weightiest terms; fewer than ``k`` if fewer share any."""

        def work() -> tuple[list[Passage], float]:
            index = self._corpus.lexical(self._k1, self._b, self._implementation)
            hits = index.search(query, k, self._corpus.within(index, filter))
            return self._corpus.passages(hits), index.confidence(query, hits[0][1] if hits else 0.0)

        (passages, confidence), usage = await in_thread(work)
        return Retrieved(passages, usage, confidence)
