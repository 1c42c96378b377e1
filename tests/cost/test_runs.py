"""The run database: bounded, prunable, without a word of what was asked."""

import multiprocessing
import sqlite3
import time
from contextlib import closing

import pytest

from dynamicrag.cost.calibration import KEPT, Observation
from dynamicrag.cost.runs import Runs
from dynamicrag.errors import RunsError
from dynamicrag.store.log import Log

PROCESS = {"id": "p1", "metered": 10.0}


def turn(number: int, **changes) -> dict:
    base = {"id": f"t{number}", "at": 1000.0 + number, "policy": "balanced", "thread": ""}
    return {**base, "cost": {"joules": {"value": float(number), "kind": "modelled"}}, **changes}


@pytest.fixture
def runs(tmp_path) -> Runs:
    return Runs(tmp_path / "runs.sqlite")


def test_what_is_kept_comes_back_in_order(runs):
    runs.add(turn(2), "b?", {}, PROCESS)
    runs.add(turn(1, thread="x"), "a?", {}, PROCESS)
    assert [row["id"] for row in runs.turns()] == ["t1", "t2"]
    assert [row["id"] for row in runs.turns(thread="x")] == ["t1"]
    assert [row["id"] for row in runs.turns(since=1002)] == ["t2"]
    assert runs.turns(policy="quality") == []
    assert runs.processes() == {"p1": PROCESS}


def test_a_question_is_known_again_but_not_written_down(runs):
    for number, text in enumerate(["Who opened it?", "Who opened it?", "Who closed it?"]):
        runs.add(turn(number), text, {}, PROCESS)
    first, second, third = (row["question_mark"] for row in runs.turns())
    assert first == second != third
    assert b"opened" not in runs.path.read_bytes()


def test_the_same_query_is_kept_once(runs):
    runs.add(turn(1), "a?", {}, PROCESS)
    runs.add(turn(1, abstained=True), "a?", {}, PROCESS)
    (row,) = runs.turns()
    assert row["abstained"]


def test_the_oldest_go_first_and_their_processes_with_them(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite", keep=3)
    for number in range(5):
        runs.add(turn(number), "a?", {}, {"id": f"p{number}"})
    assert [row["id"] for row in runs.turns()] == ["t2", "t3", "t4"]
    assert set(runs.processes()) == {"p2", "p3", "p4"}
    assert Log(runs.database).prune(before=1004.0) == 2
    assert [row["id"] for row in runs.turns()] == ["t4"]


def test_calls_to_calibrate_from_are_kept_per_model(runs):
    rows = [Observation(float(i), 1.0, 2.0, 3.0) for i in range(KEPT + 5)]
    runs.add(turn(1), "a?", {"local:small": rows, "local:large": rows[:2]}, PROCESS)
    seen = runs.observations()
    assert seen["local:small"] == rows[5:]
    assert seen["local:large"] == rows[:2]


def test_nothing_there_is_no_error_and_makes_no_file(runs):
    assert (runs.turns(), runs.processes(), runs.observations()) == ([], {}, {})
    assert not runs.path.exists()


def test_a_broken_file_is_said_to_be_one(runs):
    runs.path.write_bytes(b"not a database at all, whatever its name says " * 40)
    with pytest.raises(
        RunsError, match=r"runs\.sqlite: the run database cannot be used .* move the file away"
    ):
        runs.turns()


def test_a_folder_that_cannot_be_written_is_said_to_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunsError, match="cannot be used"):
        Runs(tmp_path / "file" / "runs.sqlite").add(turn(1), "a?", {}, PROCESS)


def write(path, first: int) -> None:
    for number in range(first, first + 25):
        Runs(path).add(turn(number), "a?", {"local:small": [Observation(1, 1, 1, 1)]}, {"id": f"p{first}"})


@pytest.mark.slow
def test_processes_write_side_by_side(runs):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write, args=(runs.path, first)) for first in (0, 100, 200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(runs.turns(since=time.time() - 1e10)) == 75
    assert len(runs.observations()["local:small"]) == 75


def test_a_damaged_row_of_a_call_is_left_out(runs):
    rows = [Observation(1.0, 1.0, 2.0, 3.0)] * 2
    runs.add(turn(1), "a?", {"local:small": rows, "local:large": rows}, PROCESS)
    with closing(sqlite3.connect(runs.path)) as db, db:
        db.execute("UPDATE calls SET joules = 'x' WHERE spec = 'local:large'")
        db.execute("UPDATE calls SET spec = x'00ff' WHERE number = 1")
    assert runs.observations() == {"local:small": rows[1:]}
