"""Dense retrieval."""

import asyncio
from dataclasses import replace

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import (
    RETRIEVERS,
    Elsewhere,
    RetrievalContext,
    Retrieved,
    Retriever,
    in_thread,
)
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.types import Usage


@RETRIEVERS.register("chroma")
class Chroma(Retriever):
    """Ranks chunks by the cosine of their embedding with the question's, in a Chroma index.

    all-MiniLM reads the first 256 word pieces of a question. If the embedding model cannot read a question or
    a chunk, because of its language, similarity is meaningless: such chunks are left out, and if none is
    left, BM25 searches instead. A fusion with BM25 then ranks like BM25. Passages have a ``similarity`` if
    the scale of the model's cosines is known.

    Args:
        corpus: Name of a corpus; by default the policy's first.

    Source: Karpukhin et al., "Dense passage retrieval for open-domain question answering", EMNLP 2020
    (arXiv 2004.04906).
    """

    finds = frozenset({"meaning"})
    needs_vectors = True

    def __init__(self, *, corpus: str | None = None) -> None:
        self._name = corpus
        self._corpus: Corpus

    def bind(self, context: RetrievalContext) -> None:
        """Find the corpus."""
        self._corpus = context.corpus(self._name)
        self.sources = self.embedded = (self._corpus,)

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Find the chunks with the most similar embeddings."""
        embedder = self._corpus.embedder
        if k < 1:
            return Retrieved([], (await in_thread(list))[1])
        if not await asyncio.to_thread(embedder.reads, query):  # it may load a tokenizer
            return Retrieved(*await in_thread(lambda: self._by_words(query, k, filter)))
        vectors, embedding = await embedder.aembed_measured([query], query=True)

        def work() -> list[Passage]:
            found = self._corpus.passages(self._corpus.nearest(vectors[0], k, filter))
            read = [passage for passage in found if embedder.reads(passage["text"])]
            return [self._compared(passage) for passage in read] or self._by_words(query, k, filter)

        passages, search = await in_thread(work)
        elsewhere = self._elsewhere(embedding)
        if elsewhere:  # its server's consumption is on its own line
            embedding = replace(embedding, server_cpu_seconds=0.0, gpu_joules=0.0)
        usage = replace(embedding + search, calls=1, input_tokens=0, assumed=False)
        return Retrieved(passages, usage, elsewhere=elsewhere)

    def _elsewhere(self, embedding: Usage) -> tuple[Elsewhere, ...]:
        if self._corpus.embedder.runs == "in_process" or not embedding.calls:
            return ()
        used = replace(embedding, seconds=0.0, cpu_seconds=0.0)
        return (Elsewhere(self._corpus.embedder.name, self._corpus.profile, used),)

    def _compared(self, passage: Passage) -> Passage:
        scale = self._corpus.scale
        known = {} if scale is None else {"similarity": scale.standard(passage["score"])}
        return Passage(**{**passage, **known})  # type: ignore[typeddict-item]

    def _by_words(self, query: str, k: int, wanted: Filter) -> list[Passage]:
        index = self._corpus.lexical()
        return self._corpus.passages(index.search(query, k, self._corpus.within(index, wanted)))
