"""The database of the run store: forks, moved files, bad addresses, and no password in a message."""

import logging
import os
import sqlite3
import stat
import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from dynamicrag.errors import InputError, PolicyError, RunsError
from dynamicrag.policy.file import load_policy
from dynamicrag.store.address import problem_of, store_address
from dynamicrag.store.database import Database
from dynamicrag.store.log import Log

from .made import query, thumb

SECRET = "s3cret-w0rd"


def test_the_place_is_the_policys_or_the_environments_or_the_data_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    monkeypatch.delenv("DYNAMICRAG_RUNS", raising=False)
    assert store_address() == tmp_path / "runs.sqlite"
    monkeypatch.setenv("DYNAMICRAG_RUNS", "sqlite:////var/runs.sqlite")
    assert str(store_address()) == "/var/runs.sqlite"
    assert str(store_address("sqlite:///runs.sqlite")) == "runs.sqlite"
    assert store_address("postgresql://me@host/db") == "postgresql://me@host/db"


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://me:{SECRET}@host/db",
        f"me:{SECRET}@host",
        f"postgresql://me:{SECRET}@host:port/db",
        "sqlite://",
        "runs.sqlite",
        f"postgresql://[me:{SECRET}@host/db",
    ],
)
def test_a_bad_address_is_refused_without_repeating_it(monkeypatch, address):
    assert "valid: postgresql://" in problem_of(address)
    with pytest.raises(PolicyError, match=r"runs\.address: ") as refused:
        load_policy({"version": 1, "models": {"m": {"model": "fake:m"}}, "runs": {"address": address}})
    assert SECRET not in str(refused.value)
    monkeypatch.setenv("DYNAMICRAG_RUNS", address)
    with pytest.raises(RunsError, match="DYNAMICRAG_RUNS: ") as refused:
        store_address()
    assert SECRET not in str(refused.value)


def test_a_server_that_is_down_is_named_without_its_password(caplog):
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    log = Log(Database(f"postgresql://me:{SECRET}@127.0.0.1:1/db"))
    with caplog.at_level(logging.DEBUG), pytest.raises(RunsError, match=r"@127.0.0.1:1/db") as refused:
        log.add(query(1))
    assert "check that the server runs" in str(refused.value)
    assert SECRET not in str(refused.value) + caplog.text
    runs = {"address": f"postgresql://me:{SECRET}@h/db"}
    assert SECRET not in repr(load_policy({"version": 1, "models": {"m": {"model": "fake:m"}}, "runs": runs}))


def test_a_password_after_the_question_mark_is_not_shown_either():
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    database = Database(f"postgresql://me@127.0.0.1:1/db?password={SECRET}&application_name=chat")
    assert database.name == "postgresql://me@127.0.0.1:1/db?application_name=chat"
    with pytest.raises(RunsError) as refused:
        Log(database).add(query(1))
    assert SECRET not in str(refused.value)


def test_postgres_without_its_driver_names_the_extra(monkeypatch):
    monkeypatch.setattr("dynamicrag.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'dynamicrag\[postgres\]'"):
        Database("postgresql://me@host/db")


def test_the_file_is_its_owners_alone_and_so_are_the_files_beside_it(tmp_path):
    database = Database(tmp_path / "data" / "runs.sqlite")
    Log(database).add(query(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert set(modes) == {"runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm"}
    assert set(modes.values()) == {0o600}
    database.close()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["runs.sqlite"]


def test_no_name_of_a_user_is_in_the_files(tmp_path):
    database = Database(tmp_path / "runs.sqlite")
    log = Log(database)
    log.add(query(1), "anna of somewhere")
    log.feedback(thumb(1))
    assert log.prune(user="anna") == 0
    for _ in range(2):  # with the log of changes, and after it was written into the file
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert b"balanced" in stored
        assert b"anna" not in stored
        database.close()


def test_a_file_that_was_moved_away_is_no_longer_written_to(tmp_path):
    path = tmp_path / "runs.sqlite"
    log = Log(Database(path))
    log.add(query(1))
    path.rename(tmp_path / "old.sqlite")
    log.add(query(2))
    assert [each.id for each in log.queries()] == ["q2"]
    assert [each.id for each in Log(Database(path)).queries()] == ["q2"]


def test_deleted_rows_are_not_left_in_the_files(tmp_path):
    log = Log(Database(tmp_path / "runs.sqlite"))
    log.add(query(1, text="the purple elephant"), "anna")
    log.add(query(2), "bob")
    log._database.erase()  # from the log of changes into the file
    assert log.prune(user="anna") == 1
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"balanced" in left
    assert b"elephant" not in left


def test_what_is_open_survives_a_fork(log):
    log.add(query(1))
    pid = os.fork()
    if pid == 0:
        try:
            log.add(query(2))
            os._exit(0 if log.feedback(thumb(1)) else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    log.add(query(3))
    assert [each.id for each in log.queries()] == ["q1", "q2", "q3"]
    assert [item.number for item in log.feedbacks()] == [1]


def test_an_exception_undoes_a_transaction(log, database):
    log.add(query(1))
    with pytest.raises(KeyError), database.write() as db:
        db.execute(text("DELETE FROM queries" if database.path else "DELETE FROM dynamicrag.queries"))
        raise KeyError("stop")
    assert log.query("q1") is not None


def test_a_locked_file_is_waited_for_and_then_named(tmp_path, monkeypatch):
    monkeypatch.setattr("dynamicrag.store.database.BUSY_SECONDS", 0.2)
    path = tmp_path / "runs.sqlite"
    log = Log(Database(path))
    log.add(query(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert log.query("q1") is not None  # readers do not wait
        with pytest.raises(RunsError, match="another process is using it; try again"):
            log.add(query(2))
    log.add(query(2))


def test_many_threads_read_and_write(log):
    log.add(query(0))
    failed = []

    def work(number: int) -> None:
        try:
            log.add(query(number))
            assert log.query(f"q{number}") is not None
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(list(log.queries())) == 30
