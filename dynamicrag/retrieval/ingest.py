"""Ingest: bring the store, and then the vector index, up to what the files say.

``scan`` reads the files that have changed and writes the difference in one transaction, so that a bad
file leaves everything as it was. ``embed_pending`` then works off what is marked in the store, batch
by batch; it can be killed anywhere and called again.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.readers import files_of, read_file
from dynamicrag.retrieval.store import Store, drop_documents, put_document, put_scan
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


@dataclass(slots=True)
class Changes:
    """What a scan found, in documents; ``skipped`` has what was left out, and why."""

    added: int = 0
    changed: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: Skipped = field(default_factory=Skipped)


def stamp_of(path: Path) -> str:
    """Size, time and inode of a file; empty where a later change might not show in them."""
    try:
        stat = path.stat()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}") from error
    if time.time_ns() - stat.st_mtime_ns < _RACY:
        return ""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"


def up_to_date(store: Store, paths: Sequence[Path], *, dense: bool) -> bool:
    """Whether the files are those that were read last, and the vector index (if ``dense``) has them."""
    files = files_of(paths, Skipped())
    known = store.files()
    if len(known) != len(files):
        return False
    if any(known.get(str(file.path)) != (stamp_of(file.path) or None) for file in files):
        return False
    return not dense or store.count("pending") + store.count("gone") == 0


def scan(store: Store, paths: Sequence[Path], chunker: Chunker, progress: Progress) -> Changes:
    """Write what has changed in the files to the store: all of it, or nothing.

    Raises:
        CorpusError: A file cannot be read, two documents have the same id, or there is no document.
    """
    return _Scan(store, paths, chunker).run(progress)


class _Scan:
    def __init__(self, store: Store, paths: Sequence[Path], chunker: Chunker) -> None:
        self._store = store
        self._chunker = chunker
        self._changes = Changes()
        self._files = files_of(paths, self._changes.skipped)
        self._stamps: dict[str, str] = {}
        self._seen: dict[str, str] = {}  # document id -> where it was found
        self._known = store.hashes()

    def run(self, progress: Progress) -> Changes:
        changes = self._changes
        read_before = self._store.files()
        by_source: dict[str, list[str]] = {}
        for name, (source, _) in self._known.items():
            by_source.setdefault(source, []).append(name)
        with self._store.transaction() as db:
            for number, file in enumerate(self._files):
                progress(number, len(self._files), "reading")
                source = str(file.path)
                self._stamps[source] = stamp = stamp_of(file.path)  # taken before the file is read
                if stamp and read_before.get(source) == stamp:
                    for name in by_source.get(source, ()):
                        self._claim(name, file)
                        changes.unchanged += 1
                    continue
                for document in read_file(file, changes.skipped):
                    self._claim(document.id, file)
                    if self._compare(document):
                        put_document(db, document, self._chunker.split(document.text, document.title))
            if not self._seen:
                named = ", ".join(changes.skipped.empty[:3])
                raise CorpusError(f"no document with any text; add one to the corpus (skipped: {named})")
            deleted = self._known.keys() - self._seen.keys()
            drop_documents(db, deleted)
            changes.deleted = len(deleted)
            put_scan(db, self._stamps, bool(changes.added or changes.changed or deleted))
        progress(len(self._files), len(self._files), "reading")
        return changes

    def _claim(self, name: str, file: SourceFile) -> None:
        if name in self._seen:
            raise CorpusError(
                f"{file.path}: document id {name!r} is already that of a document in {self._seen[name]}; "
                "ids are unique in a corpus: rename one, or make two corpora"
            )
        self._seen[name] = str(file.path)

    def _compare(self, document: Document) -> bool:
        """Count ``document``; whether it is to be written."""
        source, digest = self._known.get(document.id, ("", ""))
        if not digest:
            self._changes.added += 1
        elif digest != document.sha256:
            self._changes.changed += 1
        else:
            self._changes.unchanged += 1
            return source != str(document.source)
        return True


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
