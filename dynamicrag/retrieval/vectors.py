"""The vector index of a corpus: one Chroma collection in a folder."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.embedder import Vectors

_opening = threading.Lock()
"""Clients of one folder share a system, which Chroma starts and stops without a lock."""


class VectorIndex:
    """Approximate nearest neighbours by cosine, with Chroma's HNSW graph; opened on first use.

    Args:
        folder: Folder of Chroma's files.
        maker: Name of the embedder, for messages.

    Raises:
        CorpusError: From any method, if Chroma's files are damaged or not writable, or a vector's length
            differs from the index.

    Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
    hierarchical navigable small world graphs", TPAMI 2018 (arXiv 1603.09320).
    """

    def __init__(self, folder: Path, maker: str = "the embedder") -> None:
        self._folder = folder
        self._maker = maker
        self._length = 0  # of the vectors; 0 if not known yet
        self._lock = threading.Lock()
        self._client: Any = None
        self._collection: Any = None

    def put(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Insert or replace the vectors of ``ids``."""
        self._check(vectors.shape[1])
        with self._guard():
            self._open().upsert(ids=list(ids), embeddings=vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete ``ids``; missing ones are ignored."""
        with self._guard():
            self._open().delete(ids=list(ids))

    def count(self) -> int:
        """Return the number of vectors."""
        with self._guard():
            return int(self._open().count())

    def holds(self, expected: int) -> bool:
        """Return whether the index is intact and has at least ``expected`` vectors."""
        if expected == 0:
            return True
        try:
            with self._guard():
                some = self._open().get(limit=1, include=["embeddings"])["embeddings"]
            return self.count() >= expected and bool(self.query(some[0], 1))
        except (CorpusError, IndexError):
            return False

    def query(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """Find the ``k`` nearest.

        Args:
            vector: ``(d,)``.
            k: Number of neighbours, at least 1.

        Returns:
            Ids with their cosine similarity, the most similar first; ties in the order of ids.
        """
        self._check(len(vector))
        with self._guard():
            found = self._open().query(query_embeddings=vector[None, :], n_results=k, include=["distances"])
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return sorted(((i, 1.0 - float(d)) for i, d in pairs), key=lambda pair: (-pair[1], pair[0]))

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        """Return the existing ones of ``ids``, and their vectors ``(n, d)``."""
        with self._guard():
            found = self._open().get(ids=list(ids), include=["embeddings"])
        return list(found["ids"]), np.asarray(found["embeddings"], dtype=np.float32)

    def close(self) -> None:
        """Close the files; the next use opens them again."""
        with self._lock, _opening:
            if self._client is not None:
                self._client.close()
            self._client = self._collection = None
            self._length = 0

    def clear(self) -> None:
        """Delete the index."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _check(self, length: int) -> None:
        """Refuse vectors with another length than the index; Chroma's message would be unclear."""
        if not self._length:
            with self._guard():
                some = self._open().get(limit=1, include=["embeddings"])["embeddings"]
            self._length = len(some[0]) if len(some) else 0
        if self._length not in (0, length):
            raise CorpusError(
                f"{self._maker} gives vectors of {length} numbers, and its index has {self._length}; use the "
                "index's own model, give this model another name, or delete the folder "
                f"{self._folder.parent} and ingest again"
            )

    def _open(self) -> Any:
        with self._lock, _opening:
            if self._collection is None:
                import chromadb

                settings = chromadb.Settings(_env_file=None, anonymized_telemetry=False)
                self._client = chromadb.PersistentClient(str(self._folder), settings)
                self._collection = self._client.get_or_create_collection(
                    "chunks",
                    configuration={"hnsw": {"space": "cosine"}},
                    embedding_function=None,  # the default one would be downloaded
                )
            return self._collection

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # Chroma's errors and those of its Rust part share no base
            raise CorpusError(
                f"{self._folder}: the vector index failed ({type(error).__name__}: {error}); "
                "check that the disk has space, and ingest again: a damaged index is then rebuilt"
            ) from error
