"""A SQLite file shared by threads and processes, with errors that say how to mend it."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Any, Literal, Self

from dynamicrag.errors import CorpusError

_PATIENCE = 30.0  # seconds to wait for others
_BATCH = 500  # below SQLite's limit of variables in one statement


class Database:
    """One SQLite file, one connection, one lock: safe to share among threads.

    Args:
        path: The file; created if missing.
        schema: Statements that create its tables, each ended by a semicolon.
        version: Version of the schema, above 0.

    Raises:
        CorpusError: The database is corrupt, of another version or cannot be written. All methods
            raise it too.
    """

    def __init__(self, path: Path, schema: str, version: int) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._lock = threading.RLock()
        with self._guard():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_PATIENCE)
        try:
            with self._guard():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._use_wal()
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            with self.transaction() as db:
                # another process may have been faster
                if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in filter(str.strip, self._schema.split(";")):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {self._version:d}")
        elif version != self._version:
            raise CorpusError(
                f"{self._path}: index of version {version}, this release reads version {self._version}; "
                f"delete the folder {self._path.parent} and ingest again"
            )

    def _use_wal(self) -> None:
        """Switch to WAL, waiting for other processes that do the same; SQLite itself does not wait."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "full" in text:
                mend = "free disk space and ingest again; the existing index is undamaged"
            elif "locked" in text or "readonly" in text or "unable to open" in text:
                mend = "check that no other program locks it and that its folder is writable"
            else:
                mend = f"delete the folder {self._path.parent} and ingest again"
            raise CorpusError(f"{self._path}: {text}; {mend}") from error

    @contextmanager
    def transaction(self, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[Connection]:
        """Run a transaction: all or nothing, also on Ctrl-C."""
        with self._lock, self._guard():
            self._db.execute(f"BEGIN {kind}")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, self._guard():
            return self._db.execute(statement, values).fetchall()

    def _rows_in(self, statement: str, ids: Sequence[str]) -> Iterator[Any]:
        """Yield the rows of a statement with ``({})`` in place of the ids, for any number of ids."""
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            yield from self._rows(statement.format(",".join("?" * len(part))), part)
