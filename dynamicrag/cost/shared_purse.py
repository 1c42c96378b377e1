"""A total shared by the processes of a host: a row per dimension in SQLite.

Every change is one transaction begun with ``BEGIN IMMEDIATE``, so that two processes cannot both spend
the last cent. The reservations of a process that died are booked as spent, because its usage is unknown.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from dynamicrag.cost.purse import Amounts, check
from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import BudgetError
from dynamicrag.store.private import transaction

WAIT_SECONDS = 30.0
CLOCK = 2.0
"""Tolerance in seconds between two readings of a process's start time: the host's clock may be corrected, and
a process id is not reused so soon.
"""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS spent (
    account TEXT, dimension TEXT, amount REAL NOT NULL, PRIMARY KEY (account, dimension));
CREATE TABLE IF NOT EXISTS held (
    number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, pid INTEGER NOT NULL,
    born REAL NOT NULL, amounts TEXT NOT NULL);
"""


class SharedPurse:
    """One named total in a file, for any number of processes and threads.

    Args:
        path: The SQLite file; it is created if it is missing.
        account: Name of the total.

    Raises:
        BudgetError: From all methods: the file cannot be read or written. Nothing is spent from a total that
            cannot be stored.
    """

    blocks = True

    def __init__(self, path: Path, account: str) -> None:
        self._path = path
        self._account = account

    def take(self, worst: Amounts, limits: Amounts) -> int:
        """See :class:`~dynamicrag.cost.purse.Purse`."""
        with self._transaction() as db:
            self._book_dead(db)
            check(worst, limits, *self._state(db))
            cursor = db.execute(
                "INSERT INTO held (account, pid, born, amounts) VALUES (?, ?, ?, ?)",
                (self._account, os.getpid(), _born(os.getpid()), json.dumps(dict(worst))),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def settle(self, number: int, actual: Amounts) -> None:
        """See :class:`~dynamicrag.cost.purse.Purse`."""
        with self._transaction() as db:
            if db.execute("DELETE FROM held WHERE number = ?", (number,)).rowcount:
                self._book(db, actual)

    def add(self, amounts: Amounts) -> None:
        """See :class:`~dynamicrag.cost.purse.Purse`."""
        with self._transaction() as db:
            self._book(db, amounts)

    def state(self) -> tuple[dict[Dimension, float], dict[Dimension, float]]:
        """See :class:`~dynamicrag.cost.purse.Purse`."""
        with self._transaction() as db:
            self._book_dead(db)
            return self._state(db)

    def reset(self) -> None:
        """Set the spent amounts to zero; reservations stay."""
        with self._transaction() as db:
            db.execute("DELETE FROM spent WHERE account = ?", (self._account,))

    def _book(self, db: sqlite3.Connection, amounts: Amounts) -> None:
        db.executemany(
            "INSERT INTO spent VALUES (?, ?, ?) "
            "ON CONFLICT (account, dimension) DO UPDATE SET amount = amount + excluded.amount",
            [(self._account, dimension, amount) for dimension, amount in amounts.items()],
        )

    def _book_dead(self, db: sqlite3.Connection) -> None:
        """Book the reservations of processes that have died as spent."""
        held = db.execute("SELECT number, pid, born, amounts FROM held WHERE account = ?", (self._account,))
        rows = held.fetchall()
        living = {pid: _born(pid) for pid in {row[1] for row in rows}}
        for number, pid, born, amounts in rows:
            if abs(living[pid] - born) > CLOCK:
                db.execute("DELETE FROM held WHERE number = ?", (number,))
                self._book(db, json.loads(amounts))

    def _state(self, db: sqlite3.Connection) -> tuple[dict[Dimension, float], dict[Dimension, float]]:
        rows = db.execute("SELECT dimension, amount FROM spent WHERE account = ?", (self._account,))
        spent: dict[Dimension, float] = dict(rows.fetchall())
        held: dict[Dimension, float] = {}
        for (amounts,) in db.execute("SELECT amounts FROM held WHERE account = ?", (self._account,)):
            for dimension, amount in json.loads(amounts).items():
                held[dimension] = held.get(dimension, 0.0) + amount
        return spent, held

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with transaction(self._path, _SCHEMA, wait=WAIT_SECONDS, durable=True) as db:
                yield db
        except (sqlite3.Error, OSError) as error:
            raise BudgetError(
                f"{self._path}: the shared budget {self._account!r} cannot be stored ({error}); nothing is "
                "spent from such a total: free the disk, or move a broken file away to start a new one"
            ) from error


def _born(pid: int) -> float:
    """Return the start time of a process, which distinguishes reused process ids; -1 if it does not exist.

    A zombie, which has ended but was not waited for, counts as non-existent.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return -1.0
        return float(process.create_time())
    except psutil.Error:
        return -1.0
