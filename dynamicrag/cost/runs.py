"""Finished queries on disk: the cost and the path of each, without questions and answers.

One SQLite file in the user's data folder, bounded in rows and readable by its owner alone. It stores
questions and answers only if the policy says so; otherwise a keyed hash represents a question, so that
two policies can be compared on the same question. A query's costs are JSON by dimension, so the file has
no fixed list of dimensions: a query stored before a dimension was added lacks that amount.
"""

import hashlib
import hmac
import json
import logging
import os
import platform
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dynamicrag.cost.calibration import KEPT, Observation
from dynamicrag.cost.private import private_file
from dynamicrag.errors import RunsError

_log = logging.getLogger(__name__)

Turn = dict[str, Any]

MEND = "free disk space if the disk is full, or move the file away to start a new one"
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS turns (
    id TEXT PRIMARY KEY, at REAL NOT NULL, policy TEXT NOT NULL, thread TEXT NOT NULL,
    process TEXT NOT NULL, question TEXT NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_at ON turns (at);
CREATE TABLE IF NOT EXISTS processes (id TEXT PRIMARY KEY, at REAL NOT NULL, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY, host TEXT NOT NULL, spec TEXT NOT NULL,
    computed REAL NOT NULL, output REAL NOT NULL, joules REAL NOT NULL, seconds REAL NOT NULL);
"""


def data_dir() -> Path:
    """Return the folder for data that cannot be rebuilt; ``DYNAMICRAG_DATA`` overrides it."""
    override = os.environ.get("DYNAMICRAG_DATA")
    if override:
        return Path(override).expanduser()
    from platformdirs import user_data_path

    return user_data_path("dynamicrag")


def host_key() -> str:
    """Return a key that distinguishes machines with a shared home folder."""
    return f"{platform.node()}/{platform.machine()}/{os.cpu_count()}"


class Runs:
    """The run database.

    Args:
        path: The file; by default ``runs.sqlite`` in :func:`data_dir`.
        keep: Largest number of queries kept; the oldest are deleted first.

    Raises:
        RunsError: From all methods: the file cannot be read or written.
    """

    def __init__(self, path: Path | None = None, keep: int = 20_000) -> None:
        self.path = path or data_dir() / "runs.sqlite"
        self._keep = keep

    def add(
        self,
        turn: Turn,
        question: str,
        calls: Mapping[str, list[Observation]],
        process: Mapping[str, Any],
    ) -> None:
        """Store one finished query, replacing an earlier record of it.

        Args:
            turn: ``id``, ``at`` (seconds since the epoch), ``policy``, ``thread``, and further facts.
            question: Its text; only a keyed hash of it is stored.
            calls: Calls for the calibration, by model spec.
            process: ``id`` and accounts of the process so far.
        """
        host = host_key()
        with self._transaction() as db:
            key = self._secret(db)
            mark = hmac.new(key.encode(), question.encode(), hashlib.sha256).hexdigest()[:16]
            db.execute(
                "INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    turn["id"],
                    turn["at"],
                    turn["policy"],
                    turn["thread"],
                    process["id"],
                    mark,
                    json.dumps(turn),
                ),
            )
            db.execute(
                "INSERT OR REPLACE INTO processes VALUES (?, ?, ?)",
                (process["id"], time.time(), json.dumps(dict(process))),
            )
            for spec, rows in calls.items():
                db.executemany(
                    "INSERT INTO calls (host, spec, computed, output, joules, seconds) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    [(host, spec, *row) for row in rows],
                )
                db.execute(
                    "DELETE FROM calls WHERE host = ? AND spec = ? AND number NOT IN "
                    "(SELECT number FROM calls WHERE host = ? AND spec = ? ORDER BY number DESC LIMIT ?)",
                    (host, spec, host, spec, KEPT),
                )
            self._bound(db)

    def turns(
        self, *, since: float = 0.0, policy: str | None = None, thread: str | None = None
    ) -> list[Turn]:
        """Return finished queries, oldest first, each with ``question_mark``, the hash of its question."""
        if not self.path.exists():
            return []
        where, values = ["at >= ?"], [since]
        for column, value in (("policy", policy), ("thread", thread)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)  # type: ignore[arg-type]
        with self._transaction() as db:
            rows = db.execute(
                f"SELECT record, question, process FROM turns WHERE {' AND '.join(where)} ORDER BY at",  # noqa: S608
                values,
            ).fetchall()
        return [
            {**json.loads(record), "question_mark": mark, "process": process}
            for record, mark, process in rows
        ]

    def turn(self, query_id: str) -> Turn | None:
        """Return one query, or ``None`` if it is not stored."""
        if not self.path.exists():
            return None
        with self._transaction() as db:
            row = db.execute("SELECT record FROM turns WHERE id = ?", (query_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return the accounts of processes by id."""
        if not self.path.exists():
            return {}
        with self._transaction() as db:
            return {
                name: json.loads(record) for name, record in db.execute("SELECT id, record FROM processes")
            }

    def observations(self) -> dict[str, list[Observation]]:
        """Return the latest calls on this host by model spec, oldest first."""
        return self.calls().get(host_key(), {})

    def calls(self) -> dict[str, dict[str, list[Observation]]]:
        """Return the latest calls by host and model spec, oldest first."""
        if not self.path.exists():
            return {}
        found: dict[str, dict[str, list[Observation]]] = {}
        with self._transaction() as db:
            rows = db.execute(
                "SELECT host, spec, computed, output, joules, seconds FROM calls ORDER BY number"
            )
            for host, spec, *row in rows:
                if not (isinstance(host, str) and isinstance(spec, str) and all(map(_number, row))):
                    continue  # skip a damaged row
                found.setdefault(host, {}).setdefault(spec, []).append(Observation(*row))
        return found

    def prune(self, before: float) -> int:
        """Delete the queries older than ``before`` (seconds since the epoch) and return their number."""
        with self._transaction() as db:
            number = db.execute("DELETE FROM turns WHERE at < ?", (before,)).rowcount
            db.execute("DELETE FROM processes WHERE id NOT IN (SELECT process FROM turns)")
        return number

    def _bound(self, db: sqlite3.Connection) -> None:
        (number,) = db.execute("SELECT count(*) FROM turns").fetchone()
        if number > self._keep:
            db.execute(
                # in order of writing: the clock may have been set back
                "DELETE FROM turns WHERE id IN (SELECT id FROM turns ORDER BY rowid LIMIT ?)",
                (number - self._keep,),
            )
            db.execute("DELETE FROM processes WHERE id NOT IN (SELECT process FROM turns)")

    @staticmethod
    def _secret(db: sqlite3.Connection) -> str:
        db.execute("INSERT OR IGNORE INTO facts VALUES ('secret', ?)", (secrets.token_hex(16),))
        (value,) = db.execute("SELECT value FROM facts WHERE name = 'secret'").fetchone()
        return str(value)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            private_file(self.path)
            with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as db:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version not in (0, _VERSION):
                    raise RunsError(
                        f"{self.path}: written by another dynamicrag version; move it away to start a new one"
                    )
                db.execute("BEGIN IMMEDIATE")  # closing the connection undoes an open transaction
                if version == 0:
                    for statement in _SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {_VERSION}")
                yield db
                db.execute("COMMIT")
        except (sqlite3.Error, OSError, ValueError) as error:
            locked = "locked" in str(error)
            mend = "another process is using it; try again" if locked else MEND
            raise RunsError(f"{self.path}: the run database cannot be used ({error}); {mend}") from error


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def known_calls(runs: Runs | None) -> Mapping[str, list[Observation]]:
    """Return the latest calls on this host by model spec; none, with a warning, if they cannot be read."""
    if runs is None:
        return {}
    try:
        return runs.observations()
    except RunsError as error:
        _log.warning("%s; expected costs use the profiles until then", error)
        return {}
