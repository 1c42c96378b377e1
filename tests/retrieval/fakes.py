"""Stand-ins shared by the tests and by the processes that they start."""

import hashlib
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dynamicrag.retrieval import Corpus, Embedder
from dynamicrag.retrieval.embedder import Vectors
from dynamicrag.types import Usage


class FakeEmbedder(Embedder):
    """A bag of hashed words: deterministic, without ties, near where words are shared."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(Path("nowhere"), name="fake")
        self.asked: list[str] = []
        self.pause = pause

    def embed_measured(self, texts: Sequence[str]) -> tuple[Vectors, Usage]:
        self.asked += texts
        time.sleep(self.pause)
        vectors = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            digest = hashlib.sha512(text.encode()).digest()
            vectors[row] = np.frombuffer(digest, dtype=np.uint8) / 1000  # so that there are no ties
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, hashlib.sha256(word.encode()).digest()[0] % 64] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors, Usage(calls=1, seconds=0.25, cpu_seconds=0.5)

    def tokenize(self, text: str) -> list[int]:
        return [1] * len(re.findall(r"\w+|[^\w\s]", text))


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
