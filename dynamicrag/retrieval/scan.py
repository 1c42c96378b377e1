"""Scans the files of a corpus: reads the changed ones, and writes the difference to the store.

All is written in one transaction. An unreadable file is left out and recorded with its reason; it is read
again once it has changed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Connection

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Document, Problem, Skipped, SourceFile, failures
from dynamicrag.retrieval.ids import RowIds
from dynamicrag.retrieval.metadata import FILE
from dynamicrag.retrieval.readers import files_of, named, read_file
from dynamicrag.retrieval.store import Known, Store, drop_documents, put_document, put_scan

Progress = Callable[[int, int, str], None]
"""Called with the amount done, the total (0: unknown) and a label."""

_RACY = 100_000_000  # ns; a file written just now may be written again within the clock's tick


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


def unchanged(store: Store, sources: Sources) -> bool:
    """Return whether the files are unchanged since they were read."""
    files = sources.files(Skipped())
    known = store.files()
    if len(known) != len(files):
        return False
    return all(known.get(file.source) == (stamp_of(file.path) or None) for file in files)


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
        self._ids = {file.id for file in self._files}  # taken so far in the corpus
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
        ids = RowIds(file.id, self._ids)
        documents = self._by_source.get(file.source, [])
        if any(name != (ids.claim(own) if (own := self._known[name].own) else file.id) for name in documents):
            ids.release()
            return False
        self._seen.update(documents)
        self._changes.unchanged += len(documents)
        return True

    def _read(self, db: Connection, file: SourceFile) -> None:
        ids, skipped, number = RowIds(file.id, self._ids), Skipped(), -1
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
