"""A corpus: documents on disk, and the indexes made from them."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.cost.profiles import IN_PROCESS, Profile
from dynamicrag.retrieval.accounted import Account, unaccounted
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.contents import Contents
from dynamicrag.retrieval.documents import Problem, Skipped, failures
from dynamicrag.retrieval.embedder import Embedder, Scale, Vectors
from dynamicrag.retrieval.ingest import Ingestion
from dynamicrag.retrieval.metadata import Rules
from dynamicrag.retrieval.names import shown
from dynamicrag.retrieval.probe import Probe
from dynamicrag.retrieval.reports import IngestReport
from dynamicrag.retrieval.scan import Progress, Sources
from dynamicrag.retrieval.server_index import ServerIndex
from dynamicrag.retrieval.vector_server import VectorServer
from dynamicrag.retrieval.vectors import FolderIndex, VectorIndex

READING = 3
"""Version of the reading of files; an index of another version is rebuilt, in a new folder."""

SAMPLE = 256
"""Number of chunks whose vectors stand for the contents of a corpus."""

_log = logging.getLogger(__name__)


class Corpus(Contents):
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
        self.paths = tuple(Path(os.path.realpath(path)) for path in paths)
        settings = f"{chunk_size}:{chunk_overlap}:{follow_links}:{READING}"
        key = "\0".join([*map(shown, self.paths), settings, embedder.name])
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-") or "corpus"
        own = f"{slug[:40]}-{_digest(name + key)}"
        # an index in the data folder would not know of changes made while its vectors were on a server
        folder = Path(root) / (f"{own}-{_digest(server.shown)}" if server else own)
        super().__init__(name, folder, metadata)
        self.embedder = embedder
        self.chunk_size = chunk_size
        self.scale = scale or embedder.scale
        self.profile = profile
        self.sources = Sources(self.paths, follow_links)
        maker = f"corpus {name}: embedder {embedder.name}"
        self._vectors: VectorIndex = (
            ServerIndex(server, f"dynamicrag-{own}", lambda ids: self._open().chunks(ids), maker)
            if server
            else FolderIndex(folder / "chroma", maker)
        )
        self._probe = Probe(folder, embedder, account)
        chunker = Chunker(chunk_size, chunk_overlap, embedder.tokenize)
        self._ingestion = Ingestion(
            folder, self.sources, chunker, embedder, self._probe, self._vectors, account, lock_timeout
        )
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
        changes, usage = self._ingestion.run(progress or _silent, dense=dense, strict=strict)
        self._ready |= {"lexical", "dense"} if dense else {"lexical"}
        self.lexical()
        return IngestReport(
            added=changes.added,
            changed=changes.changed,
            deleted=changes.deleted,
            unchanged=changes.unchanged,
            skipped=tuple(map(str, changes.problems)),
            failed=failures(changes.problems),
            chunks=self._open().counts()["chunks"],
            seconds=time.perf_counter() - start,
            usage=usage,
        )

    def ensure(self, progress: Progress | None = None, *, dense: bool = True) -> IngestReport | None:
        """Ingest if a file's size or time has changed or an ingest was interrupted; otherwise do nothing.

        Vectors on a server are compared in any case: the server may have lost them.
        """
        known = (self.folder / "store.sqlite").exists() and not (dense and self._vectors.shared)
        if known and self._ingestion.up_to_date(self._open(), dense=dense):
            self._ready |= {"lexical", "dense"} if dense else {"lexical"}
            return None
        return self.ingest(progress, dense=dense)

    def problems(self) -> list[Problem]:
        """The parts left out: links and folders as of now, files as of their last reading."""
        skipped = Skipped()
        self.sources.files(skipped)
        if (self.folder / "store.sqlite").exists():
            skipped.problems += (each for of in self._open().problems().values() for each in of)
        return sorted(skipped.problems, key=lambda problem: not problem.failed)

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
        return self._current("sample", self._sampled)

    def _sampled(self) -> Vectors:
        ids = [chunk.id for chunk in self._open().snapshot()[1]]
        return self._vectors.vectors(ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE])[1]

    def close(self) -> None:
        """Close all files; a later use opens them again."""
        with self._lock:
            self._vectors.close()
            super().close()

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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _silent(done: int, total: int, label: str) -> None:
    """Ignore progress."""
