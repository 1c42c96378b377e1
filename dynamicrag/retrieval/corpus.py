"""A corpus: documents on disk, and the indexes made from them."""

import hashlib
import logging
import os
import re
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.cost.profiles import IN_PROCESS, Profile
from dynamicrag.records import Passage
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Problem, Skipped, failures
from dynamicrag.retrieval.embedder import Embedder, Scale, Vectors
from dynamicrag.retrieval.ingest import (
    Account,
    Progress,
    Sources,
    embed_pending,
    scan,
    unaccounted,
    up_to_date,
)
from dynamicrag.retrieval.lexical import Bm25sIndex, LexicalIndex, Mask
from dynamicrag.retrieval.lexical_files import Implementation, open_lexical
from dynamicrag.retrieval.locking import exclusive
from dynamicrag.retrieval.metadata import Metadata, Rules
from dynamicrag.retrieval.names import shown
from dynamicrag.retrieval.probe import Probe
from dynamicrag.retrieval.reports import CorpusStats, IngestReport
from dynamicrag.retrieval.selection import Selection, Selections
from dynamicrag.retrieval.server_index import ServerIndex
from dynamicrag.retrieval.store import Store
from dynamicrag.retrieval.titles import TitleIndex
from dynamicrag.retrieval.vector_server import VectorServer
from dynamicrag.retrieval.vectors import FolderIndex, VectorIndex
from dynamicrag.types import Usage

READING = 3
"""Version of the reading of files; an index of another version is rebuilt, in a new folder."""

SAMPLE = 256
"""Number of chunks whose vectors stand for the contents of a corpus."""

_log = logging.getLogger(__name__)


class Corpus:
    """A named index of some paths, in its own folder.

    The constructor does no work. All reading methods first ingest if needed, once per process; call
    :meth:`ensure` or :meth:`ingest` explicitly to show progress. All methods block and may be called from
    any thread; in async code, off the event loop.

    Args:
        name: Name in the policy.
        paths: Files and folders.
        chunk_size: Largest number of tokens in a chunk, in the embedding model's tokens.
        chunk_overlap: Tokens repeated from the previous chunk.
        follow_links: Whether to follow links that lead out of ``paths``.
        embedder: The embedding model. Each model has its own index, by its name.
        scale: Scale of its cosines on these documents; by default the embedder's.
        profile: Cost profile of the embedder, if it computes elsewhere.
        root: Folder of the indexes of all corpora.
        account: Opens a ledger line for the usage of ingestion.
        lock_timeout: Seconds to wait for another process that is ingesting.
        metadata: Metadata of the documents, by pattern of their path; for filters.
        server: The Chroma server for the vectors; by default they are in the corpus's folder. Corpora with
            the same name, paths, settings and embedder share them.

    Raises:
        PolicyError: ``chunk_size`` or ``chunk_overlap`` is out of range.
        CorpusError: From all methods: no document can be read, or the index cannot be opened or written.
    """

    def __init__(
        self,
        name: str,
        paths: Sequence[Path],
        *,
        chunk_size: int = 256,
        chunk_overlap: int = 32,
        follow_links: bool = False,
        embedder: Embedder,
        scale: Scale | None = None,
        profile: Profile = IN_PROCESS,
        root: Path,
        account: Account = unaccounted,
        lock_timeout: float = 600.0,
        metadata: Rules = MappingProxyType({}),
        server: VectorServer | None = None,
    ) -> None:
        self.name = name
        self.paths = tuple(Path(os.path.realpath(path)) for path in paths)
        self.embedder = embedder
        self.chunk_size = chunk_size
        self.scale = scale or embedder.scale
        self.profile = profile
        self._chunker = Chunker(chunk_size, chunk_overlap, embedder.tokenize)
        self._sources = Sources(self.paths, follow_links)
        settings = f"{chunk_size}:{chunk_overlap}:{follow_links}:{READING}"
        key = "\0".join([*map(shown, self.paths), settings, embedder.name])
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-") or "corpus"
        own = f"{slug[:40]}-{_digest(name + key)}"
        # an index in the data folder would not know of changes made while its vectors were on a server
        self.folder = Path(root) / (f"{own}-{_digest(server.shown)}" if server else own)
        self._account = account
        self._probe = Probe(self.folder, embedder, account)
        self._lock_timeout = lock_timeout
        self._lock = threading.RLock()
        self._store: Store | None = None
        maker = f"corpus {name}: embedder {embedder.name}"
        self._vectors: VectorIndex = (
            ServerIndex(server, f"dynamicrag-{own}", lambda ids: self._open().chunks(ids), maker)
            if server
            else FolderIndex(self.folder / "chroma", maker)
        )
        self._lexical: dict[tuple[float, float, Implementation], tuple[int, LexicalIndex]] = {}
        self._titles: tuple[int, TitleIndex] | None = None
        self._sample: tuple[int, Vectors] | None = None
        self._selections = Selections()
        self._metadata = Metadata(metadata)
        self._vectors_seen = -1
        self._ready: set[str] = set()

    def ingest(
        self, progress: Progress | None = None, *, dense: bool = True, strict: bool = False
    ) -> IngestReport:
        """Update the index to the files; an interrupted ingest is resumed.

        Args:
            progress: Called with the progress.
            dense: Whether to embed. Without it, only BM25 can search; missing vectors are added later.
            strict: Whether to refuse a corpus with any unreadable part.
        """
        start = time.perf_counter()
        report = progress or _silent
        waiting = partial(report, 0, 0, "waiting for another process that is ingesting")
        with (
            exclusive(self.folder, self._lock_timeout, waiting),
            Store(self.folder / "store.sqlite") as store,
        ):
            changes = scan(store, self._sources, self._chunker, report, strict=strict)
            usage = Usage()
            if dense:
                if not self._probe.same():
                    store.outdate()  # replaced, not cleared: other processes may have the index open
                    self._probe.keep()
                usage = embed_pending(store, self._vectors, self.embedder, report, self._account)
            chunks = store.counts()["chunks"]
        self._ready |= {"lexical", "dense"} if dense else {"lexical"}
        self.lexical()
        return IngestReport(
            added=changes.added,
            changed=changes.changed,
            deleted=changes.deleted,
            unchanged=changes.unchanged,
            skipped=tuple(map(str, changes.problems)),
            failed=failures(changes.problems),
            chunks=chunks,
            seconds=time.perf_counter() - start,
            usage=usage,
        )

    def ensure(self, progress: Progress | None = None, *, dense: bool = True) -> IngestReport | None:
        """Ingest if a file's size or time has changed or an ingest was interrupted; otherwise do nothing.

        Vectors on a server are compared in any case: the server may have lost them.
        """
        known = (self.folder / "store.sqlite").exists() and not (dense and self._vectors.shared)
        if (
            known
            and up_to_date(self._open(), self._sources, dense=dense)
            and (not dense or self._probe.same())
        ):
            self._ready |= {"lexical", "dense"} if dense else {"lexical"}
            return None
        return self.ingest(progress, dense=dense)

    def problems(self) -> list[Problem]:
        """The parts left out: links and folders as of now, files as of their last reading."""
        skipped = Skipped()
        self._sources.files(skipped)
        if (self.folder / "store.sqlite").exists():
            skipped.problems += (each for of in self._open().problems().values() for each in of)
        return sorted(skipped.problems, key=lambda problem: not problem.failed)

    def lexical(
        self, k1: float = 0.9, b: float = 0.4, implementation: Implementation = "bm25s"
    ) -> LexicalIndex:
        """Return the BM25 index of the current content; build it if needed."""
        self._require("lexical")
        with self._lock:
            key = (k1, b, implementation)
            generation, _ = self._open().generation()
            known = self._lexical.get(key)
            if known is None or known[0] != generation:
                known = self._lexical[key] = open_lexical(self._open(), self.folder, *key)
            return known[1]

    def select(self, filter: Filter) -> Selection:  # noqa: A002
        """Return the documents of the current content that match ``filter``."""
        self._require("lexical")
        generation, _ = self._open().generation()
        return self._selections.of(filter, generation, self._all_metadata)

    def metadata(self, documents: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the current metadata of documents, by id, without unknown ids."""
        self._require("lexical")
        own = self._open().metadata(documents)
        return {name: self._metadata.of(name, said) for name, said in own.items()}

    def _all_metadata(self) -> dict[str, dict[str, Any]]:
        own = self._open().metadata()
        return {name: self._metadata.of(name, said) for name, said in own.items()}

    def within(self, index: LexicalIndex, filter: Filter) -> Mask | None:  # noqa: A002
        """Return a mask of the chunks of an index that match ``filter``; ``None`` without a filter."""
        return self.select(filter).mask(index) if filter else None

    def nearest(
        self,
        vector: Vectors,
        k: int,
        filter: Filter = NO_FILTER,  # noqa: A002
    ) -> list[tuple[str, float]]:
        """Return the ids of the chunks nearest to ``vector``, ``(d,)``, with their cosine similarity."""
        self._require("dense")
        with self._lock:
            _, seen = self._open().generation()
            if seen != self._vectors_seen:
                if not self._vectors.shared:
                    self._vectors.close()  # another process may have written; Chroma would not notice
                if not self._probe.same():
                    self.ingest()  # with another embedder
                    _, seen = self._open().generation()
                self._vectors_seen = seen
        if not filter:
            return self._vectors.query(vector, k)
        chosen = self.select(filter)
        ready = partial(self._open().ready, list(chosen.documents))
        return chosen.nearest(vector, k, self._vectors, seen, ready)

    def sample(self) -> Vectors:
        """Return the vectors of at most :data:`SAMPLE` chunks, evenly spread over the documents, (n, d)."""
        self._require("dense")
        with self._lock:
            generation, _ = self._open().generation()
            if self._sample is None or self._sample[0] != generation:
                ids = [chunk.id for chunk in self._open().snapshot()[1]]
                step = max(1, len(ids) // SAMPLE)
                self._sample = generation, self._vectors.vectors(ids[::step][:SAMPLE])[1]
            return self._sample[1]

    def titles(self, filter: Filter = NO_FILTER) -> TitleIndex:  # noqa: A002
        """Return the title index of the current content; build it if needed."""
        self._require("lexical")
        if filter:
            return self.select(filter).titles(self._open().titles)
        with self._lock:
            generation, _ = self._open().generation()
            if self._titles is None or self._titles[0] != generation:
                self._titles = generation, TitleIndex(self._open().titles())
            return self._titles[1]

    def passages(self, hits: Sequence[tuple[str, float]]) -> list[Passage]:
        """Return the chunks of ``hits`` with their scores, in order; chunks deleted since are left out."""
        self._require("lexical")
        found = self._open().chunks([name for name, _ in hits])
        return [
            Passage(**{**found[name], "score": score, "corpus": self.name})
            for name, score in hits
            if name in found
        ]

    def chunks(self, ids: Sequence[str]) -> list[Passage]:
        """Return chunks by id, in the order of ``ids``; unknown ids are left out. Scores are 0."""
        return self.passages([(name, 0.0) for name in ids])

    def chunks_of(self, documents: Sequence[str]) -> dict[str, list[Passage]]:
        """Return all chunks by document, in the order of ``documents``, without unknown ids. Scores are 0."""
        self._require("lexical")
        found = self._open().chunks_of(documents)
        return {
            name: [Passage(**{**chunk, "corpus": self.name}) for chunk in found[name]]
            for name in documents
            if name in found
        }

    def everything(self) -> list[Passage]:
        """Return all chunks, in the order of documents and of their position. Scores are 0."""
        self._require("lexical")
        return self.chunks([chunk.id for chunk in self._open().snapshot()[1]])

    def documents(self, ids: Sequence[str]) -> list[Passage]:
        """Return whole documents by id, in the order of ``ids``, without unknown ids. Scores are 0."""
        self._require("lexical")
        found = self._open().documents(ids)
        return [Passage(**{**found[name], "corpus": self.name}) for name in ids if name in found]

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
            self._vectors.close()
            if self._store is not None:
                self._store.close()
            self._store = None
            self._lexical.clear()

    def _require(self, part: Literal["lexical", "dense"]) -> None:
        if part not in self._ready:
            with self._lock:
                if part not in self._ready:
                    report = self.ensure(dense=part == "dense")
                    if report is not None and report.failed:
                        _log.warning(
                            "corpus %s: %d could not be read and are left out, first %s",
                            *(self.name, report.failed, report.skipped[0]),
                        )

    def _open(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = Store(self.folder / "store.sqlite")
            return self._store


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _silent(done: int, total: int, label: str) -> None:
    """Ignore progress."""
