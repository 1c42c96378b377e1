"""Run databases: damaged, with records of other shapes, or something else altogether."""

import json
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from dynamicrag.cost.calibration import Calibration, Observation
from dynamicrag.cost.runs import Runs
from dynamicrag.lab.report.export import to_csv, to_json
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.records import load
from dynamicrag.lab.report.selection import Selection
from dynamicrag.store.log import Log
from dynamicrag.store.logged import Snapshot
from tests.fuzz.target import Target
from tests.fuzz.values import ODD, damaged, mutated
from tests.lab.turns import process, turn
from tests.store.made import query, thumb

_CELLS = [
    ("turns", "record"), ("turns", "question"), ("turns", "at"), ("turns", "id"), ("processes",
    "record"), ("calls", "spec"),
    ("calls", "joules"), ("calls", "computed"), ("facts", "value"), ("queries", "record"), ("queries", "at"),
    ("queries", "features"), ("queries", "vector"), ("feedback", "score"), ("feedback", "at"),
    ("feedback", "number"), ("snapshots", "upto"), ("snapshots", "state"), ("counters", "value"),
    ("revoked", "number"),
]  # fmt: skip


def _fill(path: Path) -> None:
    runs = Runs(path)
    for number in range(3):
        calls = {"local:x": [Observation(10.0, 5.0, 2.0 + number, 1.0)] * 9}
        runs.add(turn(number), f"Who is number {number}?", calls, process())
        log = Log(runs.database)
        log.add(query(number), "anna")
        log.feedback(thumb(number))
        log.feedback(thumb(number, 0.5))
        log.keep(Snapshot("k", 2 * number, b"state"), 2 * number)
    runs.database.close()


@cache
def whole() -> bytes:
    """Return a database of three queries."""
    with TemporaryDirectory() as folder:
        _fill(Path(folder) / "runs.sqlite")
        return (Path(folder) / "runs.sqlite").read_bytes()


def _read(made: Any, folder: Path) -> object:
    where = folder / "runs.sqlite"
    if isinstance(made, bytes):
        where.write_bytes(made)
    else:
        where.write_bytes(whole())
        (table, column), value = made
        with closing(sqlite3.connect(where)) as db:
            try:
                db.execute(f"UPDATE {table} SET {column} = ?", (value,))
                db.commit()
            except (sqlite3.Error, OverflowError, UnicodeError):  # no database could hold it either
                return None
    runs = Runs(where)
    Calibration(runs.observations()).of("local:x")
    turns, processes, _ = load(runs)
    selection = Selection()
    report = make_report(turns, processes, selection, runs.calls())
    to_json(report, turns)
    to_csv(turns)
    runs.add(turn(9), "And now?", {}, process())
    log = Log(runs.database)
    list(log.queries())
    log.feedbacks()
    log.snapshot("k")
    log.add(query(9))
    log.feedback(thumb(9))
    log.keep(Snapshot("k", log.last(), b"state"), log.last())
    log.prune(user="anna")
    runs.database.close()
    return report


_RECORDS = st.one_of(
    mutated({**turn(1)}).map(lambda record: json.dumps(record, default=str)),
    mutated(process()).map(lambda record: json.dumps(record, default=str)),
    st.sampled_from(["", "{", "[]", "null", "NaN", "1e999", "{}"]),
    ODD.filter(lambda value: isinstance(value, str | int | float | bytes | None)),
)
RUNS = Target(
    "runs",
    st.one_of(
        st.deferred(lambda: damaged(whole())),
        st.tuples(st.sampled_from(_CELLS), _RECORDS),
        st.binary(max_size=200),
    ),
    _read,
    ("runs.sqlite",),
    whole,
)
