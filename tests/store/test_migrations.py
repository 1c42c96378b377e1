"""Files of earlier versions open with all their rows; those of later ones are refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dynamicrag.cost.runs import Runs
from dynamicrag.errors import RunsError
from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from dynamicrag.store.migrations import VERSION

from .made import query, thumb

KEPT = Path(__file__).parents[1] / "cost" / "kept"


@pytest.fixture
def old(tmp_path) -> Path:
    """Return a file of version 1."""
    path = tmp_path / "runs.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((KEPT / "runs.sql").read_text("utf-8"))
    return path


def rows(path: Path, table: str, columns: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()


TABLES = {
    "turns": "id, at, policy, thread, process, question, record",
    "processes": "id, at, record",
    "calls": "number, host, spec, computed, output, joules, seconds",
    "facts": "name, value",
}


def test_a_file_of_version_1_keeps_all_its_rows(old):
    before = {table: rows(old, table, columns) for table, columns in TABLES.items()}
    assert before["turns"]
    log = Log(Database(old))
    log.add(query(1))
    assert log.feedback(thumb(1))
    after = {table: rows(old, table, columns) for table, columns in TABLES.items()}
    assert after == before
    with closing(sqlite3.connect(old)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert db.execute("SELECT id FROM turns ORDER BY number").fetchall()[0] == (
            "18ecadbec106e9aeb91ffc01",
        )  # the first that was written, not the oldest
        assert "turns_1" not in {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def test_marks_of_questions_stay_the_same(old):
    runs = Runs(old)
    before = runs.turns()[0]["question_mark"]
    for name, question in (("a", "x?"), ("b", "x?")):
        runs.add({"id": name, "at": 0.0, "policy": "p", "thread": ""}, question, {}, {"id": "p"})
    one, other, *_, last = runs.turns()
    assert one["question_mark"] == other["question_mark"] != last["question_mark"]
    assert before in {turn["question_mark"] for turn in runs.turns()}


def test_an_upgrade_that_breaks_off_leaves_the_old_file(old, monkeypatch):
    before = rows(old, "turns", "id")

    def broken(*_, **__):
        raise OSError("no space")

    monkeypatch.setattr("dynamicrag.store.migrations.METADATA.create_all", broken)
    with pytest.raises(RunsError, match="no space"):
        Log(Database(old)).add(query(1))
    monkeypatch.undo()
    assert rows(old, "turns", "id") == before
    Log(Database(old)).add(query(1))
    assert rows(old, "turns", "id") == before


def test_a_later_version_is_refused(old):
    with closing(sqlite3.connect(old)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(RunsError, match=r"runs.sqlite: written by a later dynamicrag version; upgrade"):
        Runs(old).turns()


def test_a_later_version_that_arrives_meanwhile_is_refused(old):
    log = Log(Database(old))
    log.add(query(1))
    with closing(sqlite3.connect(old)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(RunsError, match="later dynamicrag version"):
        log.add(query(2))


@pytest.mark.service
def test_a_later_version_is_refused_on_postgres():
    from sqlalchemy import update

    from dynamicrag.store.tables import FACTS

    from .conftest import postgres

    address = postgres()
    database = Database(address)
    with database.write() as db:
        db.execute(update(FACTS).where(FACTS.c.name == "version").values(value=str(VERSION + 1)))
    database.close()
    with pytest.raises(RunsError, match="later dynamicrag version"):
        Log(Database(address)).add(query(1))
