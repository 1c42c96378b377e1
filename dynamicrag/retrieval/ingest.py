"""Ingestion: updates the store, and then the vector index, to the files.

``scan`` reads the changed files and writes the difference in one transaction. An unreadable file is left out
and recorded with its reason; it is read again once it has changed. ``embed_pending`` then processes the work
marked in the store, batch by batch; it can be killed at any point and called again.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Connection
from types import SimpleNamespace
from typing import Any

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Document, Problem, Skipped, SourceFile, failures
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.ids import RowIds
from dynamicrag.retrieval.metadata import FILE
from dynamicrag.retrieval.readers import files_of, named, read_file
from dynamicrag.retrieval.store import Chunk, Known, Store, drop_documents, put_document, put_scan
from dynamicrag.retrieval.vectors import VectorIndex
from dynamicrag.types import Usage

Progress = Callable[[int, int, str], None]
"""Called with the amount done, the total (0: unknown) and a label."""

Account = Callable[[], AbstractContextManager[Any]]
"""Opens a ledger line, whose ``usage`` the caller sets."""

_BATCH = 256  # chunks embedded again after a killed ingest
_RACY = 100_000_000  # ns; a file written just now may be written again within the clock's tick


def unaccounted() -> AbstractContextManager[Any]:
    """Open a line outside any ledger."""
    return nullcontext(SimpleNamespace())


@dataclass(frozen=True, slots=True)
class Sources:
    """The locations of a corpus's documents: paths, and whether links out of them are followed."""

    paths: Sequence[Path]
    follow_links: bool = False

    def files(self, skipped: Skipped) -> list[SourceFile]:
        """Find the files; see :func:`~dynamicrag.retrieval.readers.files_of`."""
        return files_of(self.paths, skipped, follow_links=self.follow_links)


@dataclass(slots=True)
class Changes:
    """The result of a scan, in documents; ``problems`` has the parts left out, with reasons."""

    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()


def stamp_of(path: Path) -> str:
    """Return size, time, inode and permissions of a file; empty if a later change might not alter them."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    if time.time_ns() - stat.st_mtime_ns < _RACY:
        return ""
    return ":".join(
        map(str, (stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_mode, stat.st_uid, stat.st_gid))
    )


def up_to_date(store: Store, sources: Sources, *, dense: bool) -> bool:
    """Return whether the files are unchanged since they were read, and (if ``dense``) embedded."""
    files = sources.files(Skipped())
    known = store.files()
    if len(known) != len(files):
        return False
    if any(known.get(file.source) != (stamp_of(file.path) or None) for file in files):
        return False
    return not dense or store.count("pending") + store.count("gone") == 0


def scan(
    store: Store, sources: Sources, chunker: Chunker, progress: Progress, *, strict: bool = False
) -> Changes:
    """Write the changes of the files to the store: all or nothing.

    Raises:
        CorpusError: There is no document; or, with ``strict``, a part is unreadable.
    """
    return _Scan(store, sources, chunker).run(progress, strict=strict)


class _Scan:
    def __init__(self, store: Store, sources: Sources, chunker: Chunker) -> None:
        self._store = store
        self._chunker = chunker
        self._changes = Changes()
        self._skipped = Skipped()
        self._files = sources.files(self._skipped)
        self._stamps: dict[str, str] = {}
        self._problems: dict[str, list[Problem]] = {}  # by source, for files read so far
        self._seen: set[str] = set()
        self._ids = RowIds(file.id for file in self._files)
        self._known = store.known()
        self._by_source: dict[str, list[str]] = {}
        for name, document in self._known.items():
            self._by_source.setdefault(document.source, []).append(name)

    def run(self, progress: Progress, *, strict: bool) -> Changes:
        read_before, problems = self._store.files(), self._store.problems()
        total = len(self._files)
        with self._store.transaction() as db:
            for number, file in enumerate(self._files):
                progress(number, total, "reading")
                stamp = self._stamps[file.source] = stamp_of(file.path)  # taken before the file is read
                if stamp and read_before.get(file.source) == stamp and self._keep(file):
                    self._problems[file.source] = problems.get(file.source, [])
                else:
                    self._read(db, file)
            self._finish(db, strict=strict)
        progress(total, total, "reading")
        return self._changes

    def _keep(self, file: SourceFile) -> bool:
        """Keep the documents of an unchanged file, unless another file now claims their ids."""
        ids = self._ids.of(file.id)
        documents = self._by_source.get(file.source, [])
        if any(name != (ids.claim(own) if (own := self._known[name].own) else file.id) for name in documents):
            ids.release()
            return False
        self._seen.update(documents)
        self._changes.unchanged += len(documents)
        return True

    def _read(self, db: Connection, file: SourceFile) -> None:
        ids, skipped, number = self._ids.of(file.id), Skipped(), -1
        for number, document in enumerate(read_file(file, skipped)):
            own = document.id if document.is_row else ""
            metadata = {**document.metadata, FILE: file.below}
            named = replace(document, id=ids.claim(own) if own else document.id, metadata=metadata)
            self._seen.add(named.id)
            known = Known(named.source, named.sha256, own, number)
            if self._compare(named, known):
                put_document(db, named, known, self._chunker.split(named.text, named.title))
        if number < 0 and file.source in self._by_source:
            old = "; its earlier content is no longer served"
            skipped.problems = [
                replace(each, reason=each.reason + old) if each.failed else each for each in skipped.problems
            ]
        self._problems[file.source] = skipped.problems

    def _compare(self, document: Document, now: Known) -> bool:
        """Count ``document``; return whether it must be written."""
        before = self._known.get(document.id)
        if before is None:
            self._changes.added += 1
        elif before.sha256 != now.sha256:
            self._changes.changed += 1
        else:
            self._changes.unchanged += 1
        return before != now

    def _finish(self, db: Connection, *, strict: bool) -> None:
        changes = self._changes
        everything = [*self._skipped.problems, *(each for of in self._problems.values() for each in of)]
        everything.sort(key=lambda problem: not problem.failed)  # stable: failures first
        changes.problems = tuple(everything)
        if not self._seen:
            raise CorpusError(f"no document can be read{named(everything)}; add one to the corpus")
        if strict and (count := failures(everything)):
            failed = [problem for problem in everything if problem.failed]
            raise CorpusError(
                f"{count} could not be read{named(failed)}; repair them, or ingest without --strict"
            )
        deleted = self._known.keys() - self._seen
        drop_documents(db, deleted)
        changes.deleted = len(deleted)
        put_scan(db, self._stamps, self._problems, bool(changes.added or changes.changed or deleted))


def embed_pending(
    store: Store, vectors: VectorIndex, embedder: Embedder, progress: Progress, account: Account
) -> Usage:
    """Update the vector index to the store; rebuild it if it is damaged.

    Every batch is a separate line on the ``account``, so that an interrupted ingest is charged.

    Returns:
        The usage of embedding.

    Raises:
        CorpusError: The index cannot be used, or has vectors of another model.
    """
    usage = Usage()
    adopted = vectors.reconcile(store)
    if adopted:
        usage += _same_model(vectors, adopted[0], embedder, account)
        store.mark_ready(adopted)
    total = store.count("pending")
    work = len(adopted) + total + store.count("gone")
    while gone := store.gone(_BATCH):
        vectors.delete(gone)
        store.forget(gone)
    done = 0
    while batch := store.pending(_BATCH):
        progress(done, total, "embedding")
        with account() as line:
            embedded, cost = embedder.embed_measured([chunk.whole for chunk in batch])
            line.usage = cost
        vectors.put(batch, embedded)
        store.mark_ready(batch)
        usage += cost
        done += len(batch)
    if work:
        store.vectors_changed()
        progress(done, total, "embedding")
    return usage


def _same_model(vectors: VectorIndex, chunk: Chunk, embedder: Embedder, account: Account) -> Usage:
    """Refuse an index whose vector of ``chunk`` is not the embedder's; return the usage of embedding it."""
    with account() as line:
        embedded, cost = embedder.embed_measured([chunk.whole])
        line.usage = cost
    vectors.check_model(chunk, embedded[0])
    return cost
