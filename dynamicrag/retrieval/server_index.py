"""The vector index of a corpus on a Chroma server, which several machines share.

A vector carries a digest of the text it was made from. At its start a process compares the digests with its
own documents: vectors that are there are used, and lacking ones are embedded. Texts never
come from the server: it returns ids and distances, and an id that is not among the documents is left out.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.embedder import Vectors
from dynamicrag.retrieval.store import Chunk, Store
from dynamicrag.retrieval.vector_server import VectorServer
from dynamicrag.retrieval.vectors import VectorIndex, collection, settings

__all__ = ["ServerIndex"]

_BATCH = 1_000
"""Chunks compared by one request."""


class ServerIndex(VectorIndex):
    """The vector index as a collection of a Chroma server.

    Args:
        server: The server.
        name: Name of the collection.
        maker: Name of the embedder, for messages.

    Raises:
        CorpusError: From any method, if the server cannot be reached or refuses, or the collection belongs to
            other documents.
    """

    shared = True

    def __init__(self, server: VectorServer, name: str, maker: str = "the embedder") -> None:
        super().__init__(maker)
        self._server = server
        self._name = name

    def put(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Insert or replace the vectors of ``chunks``, ``(n, d)``, with the digests of their texts."""
        self._check(vectors.shape[1])
        ids = [chunk.id for chunk in chunks]
        texts = [{"text": _digest(chunk)} for chunk in chunks]
        with self._guard():
            self._open().upsert(ids=ids, embeddings=vectors, metadatas=texts)

    def query(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """See the base class; a server may answer anything."""
        found = super().query(vector, k)
        if not all(math.isfinite(score) for _, score in found):
            raise self._failed(ValueError("it returned distances that are not numbers"))
        return found

    def reconcile(self, store: Store) -> list[Chunk]:
        """Compare the digests of all chunks.

        Raises:
            CorpusError: Another corpus uses the collection.
        """
        waiting = {chunk.id for chunk in store.pending(-1)}
        chunks = store.snapshot()[1]
        there = self._there(chunks)
        if not there and self.count() and not store.generation()[1]:
            raise CorpusError(
                f"{self._server.shown}: the collection {self._name} belongs to other documents: none of its "
                f"vectors is of a text of this corpus; give the corpus another name, or {self._emptying}"
            )
        store.outdate(chunk for chunk in chunks if chunk.id not in there and chunk.id not in waiting)
        return [chunk for chunk in chunks if chunk.id in there and chunk.id in waiting]

    def _there(self, chunks: Sequence[Chunk]) -> set[str]:
        """Return the ids of the chunks whose vectors the server has."""
        there = set()
        for begin in range(0, len(chunks), _BATCH):
            wanted = {chunk.id: _digest(chunk) for chunk in chunks[begin : begin + _BATCH]}
            with self._guard():
                found = self._open().get(ids=list(wanted), include=["metadatas"])
            for name, said in zip(found["ids"], found["metadatas"], strict=True):
                if (said or {}).get("text") == wanted.get(name):
                    there.add(name)
        return there

    def _connect(self) -> tuple[Any, Any]:
        client = self._server.connect(settings())
        made = collection(client, self._name)
        space = made.configuration["hnsw"]["space"]
        if space != "cosine":
            raise CorpusError(
                f"{self._server.shown}: the collection {self._name} compares by {space!r}, not by cosine, so "
                f"it was not made here; give the corpus another name, or {self._emptying}"
            )
        return client, made

    def _failed(self, error: Exception) -> CorpusError:
        return CorpusError(
            f"{self._server.shown}: the Chroma server failed ({type(error).__name__}: {error}); see that it "
            "runs and that the address is right. If it has lost the collection, start again here: missing "
            "vectors are then embedded"
        )

    @property
    def _emptying(self) -> str:
        return f"delete the collection {self._name} on the server"


def _digest(chunk: Chunk) -> str:
    return hashlib.sha256(chunk.whole.encode("utf-8", "replace")).hexdigest()[:32]
