"""Finished queries in the run store: the cost and the path of each, without questions and answers.

The run store is bounded in rows. It stores questions and answers only if the policy says so; otherwise a
keyed hash represents a question, so that two policies can be compared on the same question. A query's costs
are JSON by dimension, so the store has no fixed list of dimensions: a query stored before a dimension was
added lacks that amount.
"""

import json
import logging
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from dynamicrag.cost.calibration import KEPT, Observation
from dynamicrag.errors import RunsError
from dynamicrag.store.address import store_address
from dynamicrag.store.database import Database
from dynamicrag.store.encode import clean
from dynamicrag.store.pruning import drop_processes
from dynamicrag.store.rows import Bound, mark_of, put
from dynamicrag.store.tables import CALLS, PROCESSES, TURNS

_log = logging.getLogger(__name__)

Turn = dict[str, Any]


def host_key() -> str:
    """Return a key that distinguishes machines with a shared home folder."""
    return f"{platform.node()}/{platform.machine()}/{os.cpu_count()}"


class Runs:
    """The accounts of finished queries in the run store.

    Args:
        where: The SQLite file, or the address of the run store, see
            :func:`~dynamicrag.store.address.store_address`; by default the address of the environment.
        keep: Largest number of queries kept; the oldest are deleted first.

    Attributes:
        database: The run store.
        path: Its SQLite file; ``None`` on Postgres.

    Raises:
        RunsError: From all methods: the store cannot be read or written.
    """

    def __init__(self, where: Path | str | None = None, keep: int = 20_000) -> None:
        self.database = Database(where if isinstance(where, Path) else store_address(where))
        self.path = self.database.path
        self._bound = Bound(TURNS, keep)

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
        row = {
            "id": turn["id"], "at": turn["at"], "policy": clean(turn["policy"]),
            "thread": clean(turn["thread"]), "process": process["id"], "record": json.dumps(turn),
        }  # fmt: skip
        account = {"id": process["id"], "at": time.time(), "record": json.dumps(dict(process))}
        with self.database.write() as db:
            put(db, TURNS, {**row, "question": mark_of(db, question)}, "id")
            put(db, PROCESSES, account, "id")
            for spec, observed in calls.items():
                _add_calls(db, spec, observed)
            if self._bound(db):
                drop_processes(db)

    def turns(
        self, *, since: float = 0.0, policy: str | None = None, thread: str | None = None
    ) -> list[Turn]:
        """Return finished queries, oldest first, each with ``question_mark``, the hash of its question."""
        wanted = select(TURNS.c.record, TURNS.c.question, TURNS.c.process).where(TURNS.c.at >= since)
        if policy is not None:
            wanted = wanted.where(TURNS.c.policy == clean(policy))
        if thread is not None:
            wanted = wanted.where(TURNS.c.thread == clean(thread))
        rows = self.database.rows(wanted.order_by(TURNS.c.at, TURNS.c.number))
        return [
            {**json.loads(record), "question_mark": mark, "process": process}
            for record, mark, process in rows
        ]

    def turn(self, query_id: str) -> Turn | None:
        """Return one query, or ``None`` if it is not stored."""
        rows = self.database.rows(select(TURNS.c.record).where(TURNS.c.id == query_id))
        return dict(json.loads(rows[0].record)) if rows else None

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return the accounts of processes by id."""
        rows = self.database.rows(select(PROCESSES.c.id, PROCESSES.c.record))
        return {name: json.loads(record) for name, record in rows}

    def observations(self) -> dict[str, list[Observation]]:
        """Return the latest calls on this host by model spec, oldest first."""
        return self.calls().get(host_key(), {})

    def known_calls(self) -> Mapping[str, list[Observation]]:
        """As :meth:`observations`; none, with a warning, if they cannot be read."""
        try:
            return self.observations()
        except RunsError as error:
            _log.warning("%s; expected costs use the profiles until then", error)
            return {}

    def calls(self) -> dict[str, dict[str, list[Observation]]]:
        """Return the latest calls by host and model spec, oldest first."""
        found: dict[str, dict[str, list[Observation]]] = {}
        for _, host, spec, *row in self.database.rows(select(CALLS).order_by(CALLS.c.number)):
            if not (isinstance(host, str) and isinstance(spec, str) and all(map(_number, row))):
                continue  # skip a damaged row
            found.setdefault(host, {}).setdefault(spec, []).append(Observation(*row))
        return found


def _add_calls(db: Connection, spec: str, observed: Sequence[Observation]) -> None:
    if not observed:
        return
    host = host_key()
    db.execute(insert(CALLS), [{"host": host, "spec": spec, **each._asdict()} for each in observed])
    own = (CALLS.c.host == host, CALLS.c.spec == spec)
    last = select(CALLS.c.number).where(*own).order_by(CALLS.c.number.desc()).offset(KEPT).limit(1)
    db.execute(delete(CALLS).where(*own, CALLS.c.number <= last.scalar_subquery()))


def _number(value: object) -> bool:
    return isinstance(value, int | float)
