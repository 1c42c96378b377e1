"""The vector index of a corpus on a Chroma server, which several machines share.

A vector carries a digest of the text it was made from. At its start a process compares the digests with its
own documents: vectors that are there are used, and missing ones are embedded. Texts never come from the
server: it returns ids and distances, and a vector of another text than this machine has is left out.
"""

import hashlib
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dynamicrag.errors import CorpusError
from dynamicrag.records import Passage
from dynamicrag.retrieval.embedder import Vectors
from dynamicrag.retrieval.store import Chunk, Store
from dynamicrag.retrieval.vector_server import VectorServer
from dynamicrag.retrieval.vectors import VectorIndex, collection, nearest_first, settings

__all__ = ["ServerIndex"]

_log = logging.getLogger(__name__)

_BATCH = 1_000
"""Chunks compared by one request."""


class ServerIndex(VectorIndex):
    """The vector index as a collection of a Chroma server.

    ``chunks`` returns this machine's chunks by id, without unknown ids.

    Raises:
        CorpusError: From any method, if the server cannot be reached or refuses, or the collection belongs to
            other documents.
    """

    shared = True

    def __init__(
        self,
        server: VectorServer,
        name: str,
        chunks: Callable[[Sequence[str]], Mapping[str, Passage]],
        maker: str,
    ) -> None:
        super().__init__(maker)
        self._server = server
        self._name = name
        self._chunks = chunks
        self._warned = False

    def put(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Insert or replace the vectors of ``chunks``, ``(n, d)``, with the digests of their texts."""
        self._check(vectors.shape[1])
        ids = [chunk.id for chunk in chunks]
        texts = [{"text": _digest(chunk.whole)} for chunk in chunks]
        with self._guard():
            self._open().upsert(ids=ids, embeddings=vectors, metadatas=texts)

    def query(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """See the base class; vectors of other texts are left out, so that there may be fewer than ``k``."""
        self._check(len(vector))
        include = ["distances", "metadatas"]
        with self._guard():
            found = self._open().query(query_embeddings=vector[None, :], n_results=k, include=include)
        ids, distances = found["ids"][0], found["distances"][0]
        if not all(math.isfinite(distance) for distance in distances):
            raise self._failed(ValueError("it returned distances that are not numbers"))
        own = self._own(ids, found["metadatas"][0])
        return nearest_first((ids[row], distances[row]) for row in own)

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        """See the base class; vectors of other texts are left out."""
        with self._guard():
            found = self._open().get(ids=list(ids), include=["embeddings", "metadatas"])
        own = self._own(found["ids"], found["metadatas"])
        return [found["ids"][row] for row in own], np.asarray(found["embeddings"], dtype=np.float32)[own]

    def _own(self, ids: Sequence[str], said: Sequence[Mapping[str, Any] | None]) -> list[int]:
        """Return the places of the vectors that are of this machine's texts."""
        chunks = self._chunks(ids)
        texts = {name: Chunk(name, chunk["title"], chunk["text"]).whole for name, chunk in chunks.items()}
        digests = [(of or {}).get("text") for of in said]
        own = [row for row, name in enumerate(ids) if name in texts and digests[row] == _digest(texts[name])]
        if len(own) < len(ids) and not self._warned:
            self._warned = True
            _log.warning(
                "%s: the collection %s has vectors of other texts than this machine's, which are left out; "
                "give all machines the same documents, and restart them",
                *(self._server.shown, self._name),
            )
        return own

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
            wanted = {chunk.id: _digest(chunk.whole) for chunk in chunks[begin : begin + _BATCH]}
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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
