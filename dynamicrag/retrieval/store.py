"""The documents and chunks of a corpus in SQLite: the source of truth for the indexes.

A chunk has a state. ``pending``: not yet in the vector index; ``ready``: in it; ``gone``: to be deleted
from it. New content is written in one transaction that only marks the work to do; each batch of vectors then
advances its chunks. A killed ingest therefore loses at most one batch, and every step can be repeated.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from dynamicrag.records import Passage
from dynamicrag.retrieval.chunking import chunk_id
from dynamicrag.retrieval.database import Database
from dynamicrag.retrieval.documents import Document, Problem

_VERSION = 3
_SCHEMA = """
CREATE TABLE documents (id TEXT PRIMARY KEY, source TEXT NOT NULL, sha256 TEXT NOT NULL, own TEXT NOT NULL,
                        number INTEGER NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
                        metadata TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX documents_by_source ON documents (source);
CREATE TABLE chunks (id TEXT PRIMARY KEY, document TEXT NOT NULL, number INTEGER NOT NULL,
                     title TEXT NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX chunks_by_document ON chunks (document, number);
CREATE INDEX chunks_by_state ON chunks (state) WHERE state != 'ready';
CREATE TABLE files (source TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE problems (source TEXT NOT NULL, place TEXT NOT NULL, reason TEXT NOT NULL,
                       failed INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO facts VALUES ('generation', '0'), ('vectors', '0');
"""
_DOCUMENTS = "SELECT id, id, title, text FROM documents WHERE id IN ({})"
_CHUNKS = "SELECT id, document, title, text FROM chunks WHERE state != 'gone'"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk in the form for the indexes."""

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """The text that is embedded."""
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Known:
    """Facts that decide whether a document must be written again.

    Attributes:
        source: Its file.
        sha256: Digest of its title and text.
        own: A JSON line's own id, which may differ from its id here; empty for other files.
        number: Its position among the documents of the file.
    """

    source: str
    sha256: str
    own: str
    number: int


class Store(Database):
    """The content of a corpus, and the pending work on it.

    Args:
        path: The database; created if missing.
        corpus: Name of the corpus, for its passages.

    Raises:
        CorpusError: As :class:`~dynamicrag.retrieval.database.Database`.
    """

    def __init__(self, path: Path, corpus: str = "") -> None:
        super().__init__(path, _SCHEMA, _VERSION)
        self._corpus = corpus

    # -- the content -------------------------------------------------------------------------

    def generation(self) -> tuple[int, int]:
        """Return the numbers of changes of the content and of the vector index."""
        facts = dict(self._rows("SELECT name, value FROM facts"))
        return facts["generation"], facts["vectors"]

    def files(self) -> dict[str, str]:
        """Return the stamp of each file when it was read, by path."""
        return dict(self._rows("SELECT source, stamp FROM files"))

    def known(self) -> dict[str, Known]:
        """Return the facts of each document, by id, in file order."""
        rows = self._rows("SELECT id, source, sha256, own, number FROM documents ORDER BY source, number")
        return {row[0]: Known(*row[1:]) for row in rows}

    def problems(self) -> dict[str, list[Problem]]:
        """Return the parts left out of the files when they were read, by path."""
        found: dict[str, list[Problem]] = {}
        for source, place, reason, failed, count in self._rows("SELECT * FROM problems ORDER BY rowid"):
            found.setdefault(source, []).append(Problem(place, reason, bool(failed), count))
        return found

    def documents(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return whole documents by id; unknown ids are left out."""
        return {each["id"]: each for each in self._passages(_DOCUMENTS, ids)}

    def chunks(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return chunks by id; unknown ids are left out."""
        return {each["id"]: each for each in self._passages(f"{_CHUNKS} AND id IN ({{}})", ids)}

    def chunks_of(self, documents: Sequence[str]) -> dict[str, list[Passage]]:
        """Return all chunks of some documents, in order, by document; unknown ones are left out."""
        found: dict[str, list[Passage]] = {}
        for each in self._passages(f"{_CHUNKS} AND document IN ({{}}) ORDER BY document, number", documents):
            found.setdefault(each["document"], []).append(each)
        return found

    def _passages(self, statement: str, ids: Sequence[str]) -> Iterator[Passage]:
        for chunk, document, title, text in self._rows_in(statement, ids):
            yield Passage(id=chunk, document=document, title=title, text=text, score=0.0, corpus=self._corpus)

    def titles(self) -> list[tuple[str, str]]:
        """Return id and title of every document."""
        return self._rows("SELECT id, title FROM documents ORDER BY id")

    def metadata(self, documents: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return the files' metadata of every document, or of the given ones, by id."""
        sql = "SELECT id, metadata FROM documents"
        rows = self._rows(sql) if documents is None else self._rows_in(f"{sql} WHERE id IN ({{}})", documents)
        return {i: json.loads(said) for i, said in rows}

    def ready(self, documents: Sequence[str]) -> list[str]:
        """Return the ids of some documents' chunks that are in the vector index."""
        rows = self._rows_in("SELECT id FROM chunks WHERE state = 'ready' AND document IN ({})", documents)
        return [row[0] for row in rows]

    def snapshot(self) -> tuple[int, list[Chunk]]:
        """Return the generation and all its chunks, in the order of document id and number."""
        with self.transaction("DEFERRED"):  # both from one state of the database
            generation, _ = self.generation()
            rows = self._rows(
                "SELECT id, title, text FROM chunks WHERE state != 'gone' ORDER BY document, number"
            )
        return generation, [Chunk(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return the numbers of documents, chunks, and characters of both."""
        documents, document_chars = self._rows("SELECT count(*), total(length(text)) FROM documents")[0]
        chunks, chunk_chars = self._rows(
            "SELECT count(*), total(length(text)) FROM chunks WHERE state != 'gone'"
        )[0]
        return {
            "documents": documents,
            "document_chars": int(document_chars),
            "chunks": chunks,
            "chunk_chars": int(chunk_chars),
        }

    # -- the work left ------------------------------------------------------------------------

    def count(self, state: str) -> int:
        """Return the number of chunks in ``state``."""
        return int(self._rows("SELECT count(*) FROM chunks WHERE state = ?", (state,))[0][0])

    def pending(self, limit: int) -> list[Chunk]:
        """Return the next chunks to embed; all of them with a limit of -1."""
        rows = self._rows(
            "SELECT id, title, text FROM chunks WHERE state = 'pending' ORDER BY document, number LIMIT ?",
            (limit,),
        )
        return [Chunk(*row) for row in rows]

    def gone(self, limit: int) -> list[str]:
        """Return the next chunks to delete from the vector index."""
        return [row[0] for row in self._rows("SELECT id FROM chunks WHERE state = 'gone' LIMIT ?", (limit,))]

    def mark_ready(self, chunks: Iterable[Chunk]) -> None:
        """Record that the vector index has ``chunks``."""
        with self.transaction() as db:
            db.executemany("UPDATE chunks SET state = 'ready' WHERE id = ?", [(c.id,) for c in chunks])

    def forget(self, ids: Iterable[str]) -> None:
        """Record that the vector index no longer has ``ids``."""
        with self.transaction() as db:
            db.executemany("DELETE FROM chunks WHERE id = ? AND state = 'gone'", [(i,) for i in ids])

    def outdate(self, chunks: Iterable[Chunk] | None = None) -> None:
        """Record that the vectors of ``chunks``, or of all, must be computed again."""
        sql = "UPDATE chunks SET state = 'pending' WHERE state = 'ready'"
        with self.transaction() as db:
            if chunks is None:
                db.execute(sql)
            else:
                db.executemany(f"{sql} AND id = ?", [(chunk.id,) for chunk in chunks])

    def vectors_changed(self) -> None:
        """Signal other processes to reload the vector index."""
        with self.transaction() as db:
            db.execute("UPDATE facts SET value = value + 1 WHERE name = 'vectors'")


def put_document(db: Connection, document: Document, known: Known, texts: Sequence[str]) -> None:
    """Write a document and its chunks within a transaction; unchanged chunks stay ready."""
    db.execute(
        "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (document.id, *astuple(known), document.title, document.text, json.dumps(document.metadata)),
    )
    db.execute(
        "UPDATE chunks SET state = 'gone' WHERE document = ? AND number >= ?", (document.id, len(texts))
    )
    db.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, 'pending') ON CONFLICT (id) DO UPDATE SET "
        "title = excluded.title, text = excluded.text, state = 'pending' "
        "WHERE state = 'gone' OR title != excluded.title OR text != excluded.text",
        [(chunk_id(document.id, n), document.id, n, document.title, text) for n, text in enumerate(texts)],
    )


def drop_documents(db: Connection, ids: Iterable[str]) -> None:
    """Delete documents within a transaction and mark their chunks."""
    rows = [(i,) for i in ids]
    db.executemany("DELETE FROM documents WHERE id = ?", rows)
    db.executemany("UPDATE chunks SET state = 'gone' WHERE document = ?", rows)


def put_scan(
    db: Connection, files: Mapping[str, str], problems: Mapping[str, Sequence[Problem]], changed: bool
) -> None:
    """Record a scan within a transaction, and a new generation if content ``changed``."""
    db.execute("DELETE FROM files")
    db.executemany("INSERT INTO files VALUES (?, ?)", files.items())
    db.execute("DELETE FROM problems")
    db.executemany(
        "INSERT INTO problems VALUES (?, ?, ?, ?, ?)",
        [
            (source, each.where, each.reason, each.failed, each.count)
            for source, of in problems.items()
            for each in of
        ],
    )
    if changed:
        db.execute("UPDATE facts SET value = value + 1 WHERE name = 'generation'")
