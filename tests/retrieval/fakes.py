"""Stand-ins shared by the tests and by the processes that they start."""

from pathlib import Path

import numpy as np

from dynamicrag.retrieval import Corpus
from dynamicrag.retrieval.reading import MOST_UNREAD, Reading
from dynamicrag.testing import FakeEmbedder as WordEmbedder


class FakeEmbedder(WordEmbedder):
    """Reads what is written in Latin letters, as all-MiniLM does."""

    def reads(self, text: str) -> bool:
        return Reading(None).unread(text) <= MOST_UNREAD


def corpus(docs: Path, root: Path, **changes: object) -> Corpus:
    options: dict = {"chunk_size": 32, "chunk_overlap": 4, "embedder": FakeEmbedder(), "root": root}
    return Corpus("docs", [docs], **(options | changes))


def contents(of: Corpus) -> tuple:
    """Everything that an ingest leaves behind, comparable."""
    of.ensure()
    store, vectors = of._open(), of._vectors
    kept = vectors._open().get(include=["embeddings"])
    order = np.argsort(kept["ids"])
    chunks = store._rows("SELECT id, document, number, title, text, state FROM chunks ORDER BY id")
    documents = store._rows("SELECT id, sha256, title, text FROM documents ORDER BY id")
    near = of.nearest(of.embedder.embed(["the bridge of steel"])[0], 5)
    return (
        documents,
        chunks,
        [kept["ids"][i] for i in order],
        kept["embeddings"][order].round(5).tolist(),
        of.lexical().search("the bridge of steel", 5),
        [(name, round(score, 4)) for name, score in near],
    )
