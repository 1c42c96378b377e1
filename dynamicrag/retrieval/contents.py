"""The contents of a corpus as of its last ingest: documents, chunks, metadata, titles and words."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.records import Passage
from dynamicrag.retrieval.lexical import Bm25sIndex, LexicalIndex, Mask
from dynamicrag.retrieval.lexical_files import Implementation, open_lexical
from dynamicrag.retrieval.metadata import Metadata, Rules
from dynamicrag.retrieval.reports import CorpusStats
from dynamicrag.retrieval.selection import Selection, Selections
from dynamicrag.retrieval.store import Store
from dynamicrag.retrieval.titles import TitleIndex

T = TypeVar("T")


class Contents(ABC):
    """Reads the contents of a corpus from its folder.

    Args:
        name: Name of the corpus.
        folder: Its folder.
        rules: Metadata of the documents, by pattern of their path.
    """

    def __init__(self, name: str, folder: Path, rules: Rules) -> None:
        self.name = name
        self.folder = folder
        self._metadata = Metadata(rules)
        self._lock = threading.RLock()
        self._store: Store | None = None
        self._made: dict[Hashable, tuple[int, Any]] = {}

    @abstractmethod
    def _require(self, part: Literal["lexical", "dense"]) -> None:
        """Ingest if needed, once per process."""

    def lexical(
        self, k1: float = 0.9, b: float = 0.4, implementation: Implementation = "bm25s"
    ) -> LexicalIndex:
        """Return the BM25 index of the current content; build it if needed."""
        key = (k1, b, implementation)
        return self._current(key, lambda: open_lexical(self._open(), self.folder, *key))

    def select(self, filter: Filter) -> Selection:  # noqa: A002
        """Return the documents of the current content that match ``filter``."""
        known = self._current("selections", lambda: Selections(self._complete(self._open().metadata())))
        return known.of(filter)

    def within(self, index: LexicalIndex, filter: Filter) -> Mask | None:  # noqa: A002
        """Return a mask of the chunks of an index that match ``filter``; ``None`` without a filter."""
        return self.select(filter).mask(index) if filter else None

    def metadata(self, documents: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the current metadata of documents, by id, without unknown ids."""
        self._require("lexical")
        return self._complete(self._open().metadata(documents))

    def _complete(self, own: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {name: self._metadata.of(name, said) for name, said in own.items()}

    def titles(self, filter: Filter = NO_FILTER) -> TitleIndex:  # noqa: A002
        """Return the title index of the current content; build it if needed."""
        if filter:
            return self.select(filter).titles(self._open().titles)
        return self._current("titles", lambda: TitleIndex(self._open().titles()))

    def passages(self, hits: Sequence[tuple[str, float]]) -> list[Passage]:
        """Return the chunks of ``hits`` with their scores, in order; chunks deleted since are left out."""
        self._require("lexical")
        found = self._open().chunks([name for name, _ in hits])
        return [{**found[name], "score": score} for name, score in hits if name in found]

    def chunks(self, ids: Sequence[str]) -> list[Passage]:
        """Return chunks by id, in the order of ``ids``; unknown ids are left out. Scores are 0."""
        return self.passages([(name, 0.0) for name in ids])

    def chunks_of(self, documents: Sequence[str]) -> dict[str, list[Passage]]:
        """Return all chunks by document, in the order of ``documents``, without unknown ids. Scores are 0."""
        self._require("lexical")
        found = self._open().chunks_of(documents)
        return {name: found[name] for name in documents if name in found}

    def everything(self) -> list[Passage]:
        """Return all chunks, in the order of documents and of their position. Scores are 0."""
        self._require("lexical")
        return self.chunks([chunk.id for chunk in self._open().snapshot()[1]])

    def documents(self, ids: Sequence[str]) -> list[Passage]:
        """Return whole documents by id, in the order of ``ids``, without unknown ids. Scores are 0."""
        self._require("lexical")
        found = self._open().documents(ids)
        return [found[name] for name in ids if name in found]

    def coverage(self, text: str, filter: Filter = NO_FILTER) -> dict[str, float]:  # noqa: A002
        """Return the coverage of a question's vocabulary; see :meth:`Bm25sIndex.coverage`."""
        index = self.lexical()
        assert isinstance(index, Bm25sIndex)
        return index.coverage(text, self.within(index, filter))

    @property
    def stats(self) -> CorpusStats:
        """Return the size of the corpus."""
        index = self.lexical()
        assert isinstance(index, Bm25sIndex)
        count = self._open().counts()
        return CorpusStats(
            documents=count["documents"],
            chunks=count["chunks"],
            terms=len(index),
            mean_document=count["document_chars"] / max(1, count["documents"]),
            mean_chunk=count["chunk_chars"] / max(1, count["chunks"]),
        )

    def close(self) -> None:
        """Close all files; a later use opens them again."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = None
            self._made.clear()

    def _current(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value that ``make`` derives from the content, made again once the content has changed."""
        self._require("lexical")
        with self._lock:
            generation, _ = self._open().generation()
            known = self._made.get(key)
            if known is None or known[0] != generation:
                known = self._made[key] = generation, make()
            return known[1]

    def _open(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = Store(self.folder / "store.sqlite", self.name)
            return self._store
