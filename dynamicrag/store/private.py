"""SQLite files readable only by their owner: they have questions, costs and the key of their hashes."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISVTX

FOLDER, FILE = 0o700, 0o600
BESIDE = ("", "-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps beside a database."""


def private_file(path: Path) -> None:
    """Create a database file that only its owner may read, before anything is written to it.

    Its folder is created with the same rights. Other users lose their rights on existing files, and on an
    existing folder only if it contains only these databases, because other programs may need it.
    Windows has no such modes and protects the files by the user's profile.

    Raises:
        OSError: The file cannot be created.
    """
    folder = path.parent
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER)
        folder.chmod(FOLDER)  # independent of the umask
    elif all(".sqlite" in entry.name for entry in folder.iterdir()):
        _tighten(folder, FOLDER)
    if not path.exists():
        number = os.open(path, os.O_CREAT | os.O_RDWR, FILE)
        os.close(number)
        path.chmod(FILE)
    for end in BESIDE:
        _tighten(path.with_name(path.name + end), FILE)


@contextmanager
def transaction(path: Path, schema: str, *, wait: float, durable: bool) -> Iterator[sqlite3.Connection]:
    """Open a transaction that writes to a private file; an exception undoes it.

    Each has its own connection, so that it is safe with threads and forks.

    Args:
        path: The file; it is created if it is missing.
        schema: Statements that create its tables if they are missing.
        wait: Seconds to wait for other writers.
        durable: Whether the commit outlasts a power cut.

    Raises:
        sqlite3.Error, OSError: The file cannot be read or written.
    """
    private_file(path)
    with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as db:
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        db.execute("BEGIN IMMEDIATE")  # closing the connection undoes an open transaction
        for statement in schema.split(";"):
            db.execute(statement)
        yield db
        db.execute("COMMIT")


def _tighten(path: Path, most: int) -> None:
    """Remove the rights of everyone but the owner; skip files of other owners and shared folders."""
    if os.name == "nt":
        return
    with suppress(OSError):
        about = path.stat()
        mode = S_IMODE(about.st_mode)
        if about.st_uid == os.geteuid() and not mode & S_ISVTX and mode & ~most:
            path.chmod(mode & most)
