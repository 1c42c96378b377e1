"""One database, SQLite or Postgres: connections, transactions, and errors that say how to mend them."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, QueuePool, Row, Select, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from dynamicrag.errors import DynamicRAGError, RunsError
from dynamicrag.extras import require
from dynamicrag.store.migrations import SCHEMA, VERSION, migrate, version_of
from dynamicrag.store.private import private_file

BUSY_SECONDS = 10
SECRETS = ("password", "sslpassword")
"""Keys of an address that have a password of its user or of its certificate."""
CONNECT_SECONDS = 3
"""Time to reach Postgres: a query waits for it."""
MEND = "free disk space if the disk is full, or move the file away to start a new one"


class _Opened(NamedTuple):
    """The connections of one process to one file, or to Postgres."""

    engine: Engine
    writing: threading.Lock


class Database:
    """The database of the run store, for any number of threads and processes.

    Connections are kept open, and every process has its own: after a fork, the child opens new ones and never
    closes those of its parent. A SQLite file that was moved away is no longer written to.

    Args:
        where: The SQLite file, or the address of a Postgres database.

    Attributes:
        path: The SQLite file; ``None`` for Postgres.
        name: The file or the address, without a password.

    Raises:
        RunsError: The address is invalid.
        InputError: The extra ``postgres`` is not installed.
    """

    def __init__(self, where: Path | str) -> None:
        self.path = where if isinstance(where, Path) else None
        if isinstance(where, Path):
            self.name = str(where)
        else:
            require("postgres", for_="a run store on Postgres")
            try:
                self._url = make_url(where).set(drivername="postgresql+psycopg")
            except ArgumentError:
                # the error repeats the address, and with it the password
                raise RunsError("the address of the run store is invalid") from None
            plain = self._url.set(drivername="postgresql").difference_update_query(SECRETS)
            self.name = plain.render_as_string(hide_password=True)
        self._opened: dict[tuple[int, ...], _Opened] = {}
        weakref.finalize(self, _dispose, self._opened)

    @property
    def label(self) -> str:
        """Its name in a list: of a file, without the folder."""
        return self.path.name if self.path else self.name

    def close(self) -> None:
        """Close the connections of this process; the next transaction opens new ones."""
        _dispose(self._opened)

    def exists(self) -> bool:
        """Return whether there may be something to read; a SQLite file is created by the first writer."""
        return self.path is None or self.path.exists()

    def rows(self, *wanted: Select[Any]) -> list[Row[*tuple[Any, ...]]]:
        """Return the rows that statements select; none before anything was stored.

        Raises:
            RunsError: The database cannot be read.
        """
        if not self.exists():
            return []
        with self.read() as db:
            return [row for each in wanted for row in db.execute(each)]

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads.

        Raises:
            RunsError: The database cannot be read.
        """
        with self._errors(), self._ready().engine.connect() as db:
            self._begin(db, "BEGIN")
            yield db

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; it is committed at the end, or undone by an exception.

        Raises:
            RunsError: The database cannot be written.
        """
        with self._errors():
            opened = self._ready()
            with self._turn(opened), opened.engine.connect() as db:
                self._begin(db, "BEGIN IMMEDIATE")
                yield db
                db.commit()

    def erase(self) -> None:
        """Overwrite deleted rows that a SQLite file still has in its log of changes."""
        if self.path is not None:
            with self._errors(), self._ready().engine.connect() as db:
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _turn(self, opened: _Opened) -> Iterator[None]:
        """Wait for the other writers of this process; SQLite has one, and waits less fairly."""
        if self.path is None:
            yield
            return
        if not opened.writing.acquire(timeout=BUSY_SECONDS):
            raise sqlite3.OperationalError("database is locked by another thread")
        try:
            yield
        finally:
            opened.writing.release()

    def _begin(self, db: Connection, statement: str) -> None:
        if self.path is not None:
            db.exec_driver_sql(statement)
            if version_of(db) != VERSION:  # a later version upgraded the file meanwhile
                migrate(db, self.name)

    def _ready(self) -> _Opened:
        """Return this process's connections to a database that has all tables."""
        opened = self._opened.get(self._key())
        if opened is not None:
            return opened
        _dispose(self._opened)  # of a file that was moved away
        if self.path is not None:
            private_file(self.path)
        made = _Opened(self._engine(), threading.Lock())
        with made.engine.connect() as db:
            if self.path is not None:
                db.exec_driver_sql("BEGIN IMMEDIATE")
            migrate(db, self.name)
            db.commit()
        opened = self._opened.setdefault(self._key(), made)
        if opened is not made:
            made.engine.dispose()
        return opened

    def _key(self) -> tuple[int, ...]:
        """Return the identity of this process, and of the file, if there is one."""
        with suppress(FileNotFoundError):
            if self.path is not None:
                about = self.path.stat()
                return os.getpid(), about.st_dev, about.st_ino
        return (os.getpid(),)

    def _engine(self) -> Engine:
        if self.path is not None:
            return create_engine(
                "sqlite://", creator=partial(_connect, self.path), hide_parameters=True,
                poolclass=QueuePool, pool_size=4, max_overflow=-1,
            )  # fmt: skip
        engine = create_engine(
            self._url, hide_parameters=True, pool_pre_ping=True, pool_size=4, max_overflow=12,
            pool_timeout=BUSY_SECONDS, connect_args={"connect_timeout": CONNECT_SECONDS},
        )  # fmt: skip
        return engine.execution_options(schema_translate_map={None: SCHEMA})

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DynamicRAGError:
            raise
        except (SQLAlchemyError, sqlite3.Error, ImportError, OSError, ValueError) as error:
            raise RunsError(
                f"{self.name}: the run database cannot be used ({self._reason(error)}); {self._mend(error)}"
            ) from error

    def _reason(self, error: Exception) -> str:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        reason = " ".join(str(cause).split())
        for secret in () if self.path else (self._url.password, *map(self._url.query.get, SECRETS)):
            for each in (secret,) if isinstance(secret, str) else secret or ():
                reason = reason.replace(each, "***")
        return reason

    def _mend(self, error: Exception) -> str:
        if self.path is None:
            return "check that the server runs, and the address and rights of its user"
        if "readonly" in str(error):
            return "make the file and its folder writable"
        return "another process is using it; try again" if "locked" in str(error) else MEND


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        with suppress(
            sqlite3.OperationalError
        ):  # in use just now; the file keeps its mode until the next time
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # a commit outlasts a power cut
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")  # a deleted row is overwritten
    except sqlite3.Error:
        db.close()
        raise
    return db


def _dispose(opened: dict[tuple[int, ...], _Opened]) -> None:
    """Close the connections of this process; those that it inherited belong to its parent."""
    for key in [key for key in opened if key[0] == os.getpid()]:
        opened.pop(key).engine.dispose()
