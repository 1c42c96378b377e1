"""Dense retrieval."""

from dataclasses import replace

from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever, in_thread
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.types import Passage


@RETRIEVERS.register("chroma")
class Chroma(Retriever):
    """Ranks chunks by the cosine of their embedding with the question's, in a Chroma index.

    The embedding model reads the first 256 word pieces of a question.

    Args:
        corpus: Name of a corpus; by default the policy's first.

    Source: Karpukhin et al., "Dense passage retrieval for open-domain question answering", EMNLP 2020
    (arXiv 2004.04906).
    """

    needs_vectors = True

    def __init__(self, *, corpus: str | None = None) -> None:
        self._name = corpus
        self._corpus: Corpus

    def bind(self, context: RetrievalContext) -> None:
        """Take the corpus."""
        self._corpus = context.corpus(self._name)
        self.sources = (self._corpus,)

    async def retrieve(self, query: str, k: int) -> Retrieved:
        """Find the chunks nearest in meaning."""
        if k < 1:
            return Retrieved([], (await in_thread(list))[1])
        vectors, embedding = await self._corpus.embedder.aembed_measured([query])

        def work() -> list[Passage]:
            found = self._corpus.passages(self._corpus.nearest(vectors[0], k))
            return [Passage(**{**passage, "similarity": passage["score"]}) for passage in found]

        passages, search = await in_thread(work)
        return Retrieved(passages, replace(embedding + search, calls=1))
