"""The vector index of a corpus: one Chroma collection, by default in a folder."""

import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.embedder import Vectors
from dynamicrag.retrieval.store import Chunk, Store

ALIKE = 0.99
"""Least cosine of two vectors of one model and text: services and half precision round."""

_opening = threading.Lock()
"""Clients of one folder share a system, which Chroma starts and stops without a lock."""


class VectorIndex(ABC):
    """Approximate nearest neighbours by cosine, with Chroma's HNSW graph; opened on first use.

    Attributes:
        shared: Whether other data folders use the same collection.

    Raises:
        CorpusError: From any method, if Chroma fails, or a vector's length differs from the index.

    Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
    hierarchical navigable small world graphs", TPAMI 2018 (arXiv 1603.09320).
    """

    shared = False

    def __init__(self, maker: str) -> None:
        self._maker = maker  # for messages
        self._length = 0  # of the vectors; 0 if not known yet
        self._lock = threading.Lock()
        self._client: Any = None
        self._collection: Any = None

    @abstractmethod
    def reconcile(self, store: Store) -> list[Chunk]:
        """Compare the index with the store, and mark chunks as pending whose vectors it lacks.

        Returns:
            Pending chunks whose vectors are there already, from another data folder.
        """

    @abstractmethod
    def _connect(self) -> tuple[Any, Any]:
        """Return a client of Chroma, and the collection, which is made if needed."""

    @abstractmethod
    def _failed(self, error: Exception) -> CorpusError:
        """Return the error for a failure of Chroma, with how to mend it."""

    @property
    @abstractmethod
    def _emptying(self) -> str:
        """The way to delete the index, for messages."""

    def put(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Insert or replace the vectors of ``chunks``, ``(n, d)``."""
        self._check(vectors.shape[1])
        with self._guard():
            self._open().upsert(ids=[chunk.id for chunk in chunks], embeddings=vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete ``ids``; missing ones are ignored."""
        with self._guard():
            self._open().delete(ids=list(ids))

    def count(self) -> int:
        """Return the number of vectors."""
        with self._guard():
            return int(self._open().count())

    def query(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """Return the ids of the ``k`` nearest to ``vector``, ``(d,)``, with their cosine similarity.

        The most similar is first; ties are in the order of ids. ``k`` is at least 1.
        """
        self._check(len(vector))
        with self._guard():
            found = self._open().query(query_embeddings=vector[None, :], n_results=k, include=["distances"])
        return nearest_first(zip(found["ids"][0], found["distances"][0], strict=True))

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], Vectors]:
        """Return the existing ones of ``ids``, and their vectors ``(n, d)``."""
        with self._guard():
            found = self._open().get(ids=list(ids), include=["embeddings"])
        return list(found["ids"]), np.asarray(found["embeddings"], dtype=np.float32)

    def check_model(self, chunk: Chunk, vector: Vectors) -> None:
        """Refuse an index whose vector of ``chunk`` is not the embedder's own ``vector``, ``(d,)``.

        Raises:
            CorpusError: It is of another model.
        """
        self._check(len(vector))
        kept = self.vectors([chunk.id])[1]
        if len(kept) and kept[0] @ vector < ALIKE * np.linalg.norm(kept[0]) * np.linalg.norm(vector):
            raise CorpusError(
                f"{self._maker} gives other vectors than those in its index, which another model of this "
                f"name has made; use that model, give this one another name, or {self._emptying} and ingest "
                "again"
            )

    def close(self) -> None:
        """Close the files or connections; the next use opens them again."""
        with self._lock, _opening:
            if self._client is not None:
                self._client.close()
            self._client = self._collection = None
            self._length = 0

    def _check(self, length: int) -> None:
        """Refuse vectors with another length than the index; Chroma's message would be unclear."""
        if not self._length:
            with self._guard():
                some = self._open().get(limit=1, include=["embeddings"])["embeddings"]
            self._length = len(some[0]) if len(some) else 0
        if self._length not in (0, length):
            raise CorpusError(
                f"{self._maker} gives vectors of {length} numbers, and its index has {self._length}; use the "
                f"index's own model, give this model another name, or {self._emptying} and ingest again"
            )

    def _open(self) -> Any:
        with self._lock, _opening:
            if self._collection is None:
                self._client, self._collection = self._connect()
            return self._collection

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except CorpusError:
            raise
        except Exception as error:  # Chroma's errors and those of its Rust part share no base
            raise self._failed(error) from error


class FolderIndex(VectorIndex):
    """The vector index in the data folder.

    Raises:
        CorpusError: From any method, if Chroma's files are damaged or not writable.
    """

    def __init__(self, folder: Path, maker: str) -> None:
        super().__init__(maker)
        self._folder = folder

    def reconcile(self, store: Store) -> list[Chunk]:
        """Start again if the files are damaged or lack vectors."""
        if not self._holds(store.count("ready")):
            self.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            store.outdate()
        return []

    def _holds(self, expected: int) -> bool:
        """Return whether the index is intact and has at least ``expected`` vectors."""
        if expected == 0:
            return True
        try:
            with self._guard():
                some = self._open().get(limit=1, include=["embeddings"])["embeddings"]
            return self.count() >= expected and bool(self.query(some[0], 1))
        except (CorpusError, IndexError):
            return False

    def _connect(self) -> tuple[Any, Any]:
        import chromadb

        client = chromadb.PersistentClient(str(self._folder), settings())
        return client, collection(client, "chunks")

    def _failed(self, error: Exception) -> CorpusError:
        return CorpusError(
            f"{self._folder}: the vector index failed ({type(error).__name__}: {error}); "
            "check that the disk has space, and ingest again: a damaged index is then rebuilt"
        )

    @property
    def _emptying(self) -> str:
        return f"delete the folder {self._folder.parent}"


def nearest_first(found: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return ids with their cosine similarity for ids with their distance, in the order of a query."""
    return sorted(((i, 1.0 - float(d)) for i, d in found), key=lambda pair: (-pair[1], pair[0]))


def settings() -> Any:
    """Return Chroma's settings: neither telemetry nor a file of settings in the working folder."""
    import chromadb

    return chromadb.Settings(_env_file=None, anonymized_telemetry=False)


def collection(client: Any, name: str) -> Any:
    """Return a collection of a client, compared by cosine; a new one is made."""
    return client.get_or_create_collection(
        name,
        configuration={"hnsw": {"space": "cosine"}},
        embedding_function=None,  # the default one would be downloaded
    )
