"""Ingest: bring the store, and then the vector index, up to what the files say.

``scan`` reads the files that have changed and writes the difference in one transaction. A file that cannot
be read is left out and remembered with its reason; it is read again once it has changed. ``embed_pending``
then works off what is marked in the store, batch by batch; it can be killed anywhere and called again.
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
from dynamicrag.retrieval.store import Known, Store, drop_documents, put_document, put_scan
from dynamicrag.retrieval.vectors import VectorIndex
from dynamicrag.types import Usage

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is in all (0: not known) and a label."""

Account = Callable[[], AbstractContextManager[Any]]
"""Opens a line on a ledger, whose ``usage`` is to be set."""

_BATCH = 256  # chunks that are embedded again if an ingest is killed
_RACY = 100_000_000  # ns; a file written just now may be written again within the clock's tick


def unaccounted() -> AbstractContextManager[Any]:
    """Open a line that nobody reads."""
    return nullcontext(SimpleNamespace())


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the documents of a corpus are: paths, and whether links out of them are followed."""

    paths: Sequence[Path]
    follow_links: bool = False

    def files(self, skipped: Skipped) -> list[SourceFile]:
        """Find the files; see :func:`~dynamicrag.retrieval.readers.files_of`."""
        return files_of(self.paths, skipped, follow_links=self.follow_links)


@dataclass(slots=True)
class Changes:
    """What a scan found, in documents; ``problems`` has all that was left out, and why."""

    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()


def stamp_of(path: Path) -> str:
    """Size, time, inode and permissions of a file; empty where a later change might not show in them."""
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
    """Whether the files are those that were read last, and the vector index (if ``dense``) has them."""
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
    """Write what has changed in the files to the store: all of it, or nothing.

    Raises:
        CorpusError: There is no document, or ``strict`` and something could not be read.
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
        self._problems: dict[str, list[Problem]] = {}  # by source, of files that have been read
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
        """Keep the documents of a file that has not changed, unless another file now claims their ids."""
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
            old = "; what was read of it before is no longer served"
            skipped.problems = [
                replace(each, reason=each.reason + old) if each.failed else each for each in skipped.problems
            ]
        self._problems[file.source] = skipped.problems

    def _compare(self, document: Document, now: Known) -> bool:
        """Count ``document``; whether it is to be written."""
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
                f"{count} could not be read{named(failed)}; mend them, or ingest without --strict"
            )
        deleted = self._known.keys() - self._seen
        drop_documents(db, deleted)
        changes.deleted = len(deleted)
        put_scan(db, self._stamps, self._problems, bool(changes.added or changes.changed or deleted))


def embed_pending(
    store: Store, vectors: VectorIndex, embedder: Embedder, progress: Progress, account: Account
) -> Usage:
    """Bring the vector index up to the store; build it anew if it is damaged.

    Every batch is a line of its own on the ``account``, so that an ingest that is interrupted is charged.

    Returns:
        What embedding consumed.
    """
    if not vectors.holds(store.count("ready")):
        vectors.clear()
        store.restart()
    usage = Usage()
    total = store.count("pending")
    work = total + store.count("gone")
    while gone := store.gone(_BATCH):
        vectors.delete(gone)
        store.forget(gone)
    done = 0
    while batch := store.pending(_BATCH):
        progress(done, total, "embedding")
        with account() as line:
            embedded, cost = embedder.embed_measured([f"{chunk.title}\n{chunk.text}" for chunk in batch])
            line.usage = cost
        vectors.put([chunk.id for chunk in batch], embedded)
        store.mark_ready(batch)
        usage += cost
        done += len(batch)
    if work:
        store.vectors_changed()
        progress(done, total, "embedding")
    return usage
