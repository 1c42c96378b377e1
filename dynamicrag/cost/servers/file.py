"""The calls to model servers in a file, so that all processes of a user share the servers' CPU time.

A server's counters are read while the file is locked: marks then follow each other as their readings do. A
reading from before the wait for the lock may be older than the last mark, and what the server burnt between
them would be charged twice.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import psutil

from dynamicrag.cost.servers.shares import Reading, Segment, Share, take
from dynamicrag.store.private import transaction

__all__ = ["ServerFile"]

WAIT_SECONDS = 2.0
KEPT = 200
"""Number of calls kept per model and server for the fit, and of idle times per server."""
LONGEST_SECONDS = 3600.0
"""Seconds after which an open call counts as lost."""
IDLE_SECONDS = 1.0
IDLE_TIMES = 3
"""Least number of seconds without a call, and of such times, to know what a server burns by itself."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, pid INTEGER NOT NULL, mark INTEGER);
CREATE TABLE IF NOT EXISTS marks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, at REAL NOT NULL, cpu REAL NOT NULL,
    gpu REAL NOT NULL, opened INTEGER NOT NULL, cpu_left REAL, gpu_left REAL);
CREATE TABLE IF NOT EXISTS idle (
    number INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT NOT NULL, cpu REAL NOT NULL, gpu REAL NOT NULL);
CREATE TABLE IF NOT EXISTS seen (
    number INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL, computed REAL NOT NULL,
    output REAL NOT NULL, cpu REAL NOT NULL, sole INTEGER NOT NULL)
"""

Row = tuple[float, float, float, bool]
Read = Callable[[float], Reading]
"""Reads a server's counters, given the CPU-seconds at its last mark."""


class ServerFile:
    """The open calls to the servers of this host, and their marks, in SQLite.

    Args:
        path: The file; it is created if it is missing.

    Raises:
        sqlite3.Error, OSError: From all methods: the file cannot be read or written.
        Exception: From :meth:`begin` and :meth:`end`: any error of the reading; the file is as before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, server: str, read: Read) -> int:
        """Open a call to the server with a key, and return its number."""
        with self._transaction() as db:
            call = db.execute(
                "INSERT INTO calls (server, pid) VALUES (?, ?)", (server, os.getpid())
            ).lastrowid
            mark = _mark(db, server, _reading(db, server, read))
            db.execute("UPDATE calls SET mark = ? WHERE number = ?", (mark, call))
            assert call is not None
            return call

    def end(self, server: str, call: int, read: Read, predicted: float | None, *, others: bool) -> Share:
        """Close a call and return its share of the server's consumption; see :func:`.shares.take`."""
        with self._transaction() as db:
            row = db.execute("SELECT mark FROM calls WHERE number = ?", (call,)).fetchone()
            if row is None:
                return Share(0.0, 0.0, 0.0)
            reading = _reading(db, server, read)
            _close(db, server, reading)
            segments = _segments(db, server, row[0])
            share = take(segments, predicted, others=others)
            db.executemany(
                "UPDATE marks SET cpu_left = ?, gpu_left = ? WHERE number = ?",
                [(each.cpu, each.gpu, each.number) for each in segments],
            )
            db.execute("DELETE FROM calls WHERE number = ?", (call,))
            _mark(db, server, reading)
            return share

    def drop(self, server: str, call: int) -> None:
        """Close a call without a charge: it reached nobody, or the server has gone."""
        with self._transaction() as db:
            db.execute("DELETE FROM calls WHERE number = ? AND server = ?", (call, server))

    def clients(self, server: str) -> set[int]:
        """Return the ids of processes with an open call."""
        with self._transaction() as db:
            return {pid for (pid,) in db.execute("SELECT pid FROM calls WHERE server = ?", (server,))}

    def learn(self, model: str, row: Row) -> None:
        """Keep a call for the fit of its model; see :func:`.tokens.fitted`."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO seen (model, computed, output, cpu, sole) VALUES (?, ?, ?, ?, ?)", (model, *row)
            )
            _bound(db, "seen", "model", model)

    def seen(self, model: str) -> list[Row]:
        """Return the latest calls of a model."""
        with self._transaction() as db:
            rows = db.execute("SELECT computed, output, cpu, sole FROM seen WHERE model = ?", (model,))
            return [(computed, output, cpu, bool(sole)) for computed, output, cpu, sole in rows]

    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        # a crash of the host ends all calls anyway
        return transaction(self._path, _SCHEMA, wait=WAIT_SECONDS, durable=False)


def _reading(db: sqlite3.Connection, server: str, read: Read) -> Reading:
    last = db.execute(
        "SELECT cpu FROM marks WHERE server = ? ORDER BY number DESC LIMIT 1", (server,)
    ).fetchone()
    return read(last[0] if last else 0.0)


def _mark(db: sqlite3.Connection, server: str, reading: Reading) -> int:
    """Add a mark: the begin of a segment. Marks before all open calls are deleted."""
    _close(db, server, reading)
    now = time.monotonic()
    db.execute(  # a client that was killed and whose process id lives on, or a host that was started again
        "DELETE FROM calls WHERE mark IN (SELECT number FROM marks WHERE at < ? OR at > ?)",
        (now - LONGEST_SECONDS, now),
    )
    calls = db.execute("SELECT pid, mark FROM calls WHERE server = ?", (server,)).fetchall()
    dead = {pid for pid, _ in calls if not psutil.pid_exists(pid)}
    db.executemany("DELETE FROM calls WHERE server = ? AND pid = ?", [(server, pid) for pid in dead])
    marks = [mark for pid, mark in calls if pid not in dead]
    oldest = min((mark for mark in marks if mark is not None), default=None)
    db.execute("DELETE FROM marks WHERE server = ? AND (? IS NULL OR number < ?)", (server, oldest, oldest))
    number = db.execute(
        "INSERT INTO marks (server, at, cpu, gpu, opened) VALUES (?, ?, ?, ?, ?)",
        (server, now, *reading, len(marks)),
    ).lastrowid
    assert number is not None
    return number


def _close(db: sqlite3.Connection, server: str, reading: Reading) -> None:
    """End the latest segment: the server's consumption in it, less its idle burn, is there to be charged."""
    last = db.execute(
        "SELECT number, at, cpu, gpu, opened FROM marks WHERE server = ? AND cpu_left IS NULL "
        "ORDER BY number DESC LIMIT 1", (server,)
    ).fetchone()  # fmt: skip
    if last is None:
        return
    number, at, cpu, gpu, opened = last
    seconds = time.monotonic() - at
    spent = max(0.0, reading.cpu - cpu), max(0.0, reading.gpu - gpu)
    if not opened and seconds >= IDLE_SECONDS and reading.cpu >= cpu:
        db.execute(
            "INSERT INTO idle (server, cpu, gpu) VALUES (?, ?, ?)", (server, *(s / seconds for s in spent))
        )
        _bound(db, "idle", "server", server)
    idle = db.execute("SELECT count(*), min(cpu), min(gpu) FROM idle WHERE server = ?", (server,)).fetchone()
    burns = idle[1:] if idle[0] >= IDLE_TIMES else (0.0, 0.0)
    left = [max(0.0, amount - rate * seconds) for amount, rate in zip(spent, burns, strict=True)]
    db.execute("UPDATE marks SET cpu_left = ?, gpu_left = ? WHERE number = ?", (*left, number))


def _segments(db: sqlite3.Connection, server: str, first: int) -> Sequence[Segment]:
    marks = db.execute(
        "SELECT number, opened, cpu_left, gpu_left FROM marks WHERE server = ? AND number >= ? "
        "AND cpu_left IS NOT NULL ORDER BY number", (server, first)
    ).fetchall()  # fmt: skip
    begins = [mark for (mark,) in db.execute("SELECT mark FROM calls WHERE server = ?", (server,))]
    return [
        Segment(number, opened, sum(begin <= number for begin in begins), cpu, gpu)
        for number, opened, cpu, gpu in marks
    ]


def _bound(db: sqlite3.Connection, table: str, key: str, value: str) -> None:
    """Delete the oldest rows of a key beyond ``KEPT``."""
    db.execute(
        f"DELETE FROM {table} WHERE {key} = ? AND number <= (SELECT number FROM {table} WHERE {key} = ? "  # noqa: S608
        "ORDER BY number DESC LIMIT 1 OFFSET ?)", (value, value, KEPT)
    )  # fmt: skip
