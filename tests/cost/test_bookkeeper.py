"""Books that cannot be kept: the answer stands, what is missing is told once, no figure is made up."""

import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest

from dynamicrag.cost import attribution as attribution_module
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.bookkeeper import Bookkeeper, observed
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.calibration import Observation
from dynamicrag.cost.finished import Finished
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.meter import CpuTimeMeter, EnergyMeter
from dynamicrag.cost.meters import shared_attribution
from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.cost.runs import Runs
from dynamicrag.errors import RunsError
from dynamicrag.types import Usage

from .fakes import ManualMeter
from .machine import in_namespace, needs_mounts

LOCAL = Profile(runs="in_process")
FACTS = {"policy": "p", "thread": "", "path": {"generator": "small"}, "abstained": False, "escalations": []}


class Desk:
    """A ledger with a bookkeeper, and queries that use CPU time."""

    def __init__(self, runs: Runs, meter: EnergyMeter | None = None) -> None:
        self.runs = runs
        self.ledger = Ledger(Attribution(meter or ManualMeter()), Host())
        self.ledger.attribution.acquire()
        self.books = Bookkeeper(self.ledger, Budget(), runs)

    def query(self, name: str, cpu: float = 0.5) -> None:
        with self.ledger.span(name, "generator", "small", LOCAL) as line:
            line.usage = Usage(calls=1, input_tokens=10, output_tokens=5, seconds=cpu, cpu_seconds=cpu)

    def finish(self, name: str) -> None:
        self.books.submit(Finished(name, f"{name}?", FACTS))


@pytest.fixture
def runs(tmp_path) -> Runs:
    return Runs(tmp_path / "runs.sqlite")


def test_the_reason_why_a_model_was_not_metered_is_kept(runs):
    desk = Desk(runs)
    desk.query("plain")
    with desk.ledger.span("served", "generator", "m", Profile(runs="same_host"), "openai:m") as line:
        line.usage, line.unmetered = Usage(calls=1, input_tokens=10, output_tokens=5), "it only forwards"
    desk.ledger.attribution.meter.report(2.0, cpu=0.5)
    for name in ("plain", "served"):
        desk.finish(name)
    assert desk.books.flush()
    assert "unmetered" not in runs.turn("plain")
    assert runs.turn("served")["unmetered"] == {"m": "it only forwards"}


FULL = """
import json, logging
from pathlib import Path
from tests.cost.test_bookkeeper import Desk
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.runs import Runs
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.errors import BudgetError

told = []
class Keep(logging.Handler):
    def emit(self, record):
        told.append(record.getMessage())
logging.getLogger("dynamicrag").addHandler(Keep())
folder = Path("/mnt")
purse = SharedPurse(folder / "budgets.sqlite", "team")
purse.add({"usd": 0.25})
desk = Desk(Runs(folder / "runs.sqlite"))
for number in range(60):
    desk.query(f"q{number}")
    desk.ledger.attribution.meter.report(2.0, cpu=0.5)
    desk.finish(f"q{number}")
flushed = desk.books.flush()
kept = len(desk.runs.turns())
(folder / "rest").open("wb")
try:
    with (folder / "rest").open("wb", buffering=0) as rest:
        while True:
            rest.write(b"x" * 512)
except OSError:
    pass
try:
    for _ in range(50):
        purse.take({"usd": 0.01}, {"usd": 1.0})
    refused = ""
except BudgetError as error:
    refused = str(error)
(folder / "rest").unlink()
desk.query("later")
desk.ledger.attribution.meter.report(2.0, cpu=0.5)
desk.finish("later")
desk.books.flush()
print(json.dumps({
    "flushed": flushed, "kept": kept, "failures": desk.books.failures, "told": told, "refused": refused,
    "joules": desk.ledger.cost("q59")["joules"], "spent": purse.state()[0],
    "readable": len(desk.runs.turns()),
}))
"""


@needs_mounts
def test_a_disk_that_fills_costs_rows_but_no_answer_and_is_told_once():
    said = json.loads(in_namespace("mount -t tmpfs -o size=600k none /mnt", FULL).splitlines()[-1])
    assert said["flushed"]
    assert 0 < said["kept"] < 60
    assert said["failures"] >= 60 - said["kept"]
    assert len(said["told"]) == 1
    assert "its account could not be stored" in said["told"][0]
    assert "full" in said["told"][0], "the disk's own words, not those of a failed undoing"
    assert said["joules"] == pytest.approx(2.0), "what is not kept is still known"
    assert "disk is full" in said["refused"]
    assert said["spent"] == {"usd": 0.25}, "what could not be set aside is not booked"
    assert said["readable"] >= said["kept"], "what was kept is whole"


def test_a_database_cut_off_in_the_middle_is_refused_and_the_next_queries_go_on(runs, caplog):
    desk = Desk(runs)
    for number in range(40):
        desk.query(f"q{number}")
        desk.ledger.attribution.meter.report(2.0, cpu=0.5)
        desk.finish(f"q{number}")
    assert desk.books.flush()
    runs.database.close()  # the file alone: what is open has its latest changes beside it
    with runs.path.open("r+b") as file:
        file.truncate(runs.path.stat().st_size // 2)
    for number in range(40, 43):
        desk.query(f"q{number}")
        desk.ledger.attribution.meter.report(2.0, cpu=0.5)
        desk.finish(f"q{number}")
    assert desk.books.flush()
    assert desk.ledger.cost("q42")["joules"] == pytest.approx(2.0)
    assert (desk.books.failures, caplog.text.count("could not be stored")) == (3, 1)
    with pytest.raises(RunsError, match="move the file away"):
        runs.turns()


def test_a_clock_that_jumps_changes_dates_and_nothing_else(runs, monkeypatch):
    desk, now = Desk(runs), time.time()
    jumps = (now, now + 80 * 365 * 86_400, now - 40 * 365 * 86_400, -5.0, now)
    for number, at in enumerate(jumps):
        monkeypatch.setattr(time, "time", lambda at=at: at)
        desk.query(f"q{number}")
        desk.ledger.attribution.meter.report(2.0, cpu=0.5)
        desk.finish(f"q{number}")
        assert desk.books.flush()
    monkeypatch.undo()
    turns = {turn["id"]: turn for turn in runs.turns()}
    assert len(turns) == 5
    assert all(turn["at"] >= 0 for turn in turns.values())
    assert [turn["cost"]["joules"]["value"] for turn in turns.values()] == [pytest.approx(2.0)] * 5
    assert all(0 <= turn["wall_seconds"] < 1 for turn in turns.values())


def test_rows_of_a_time_to_come_do_not_push_out_those_of_now(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite", keep=3)
    for number, at in enumerate((4e9, 4e9, 4e9, 1e9, 1e9)):
        runs.add({"id": f"t{number}", "at": at, "policy": "", "thread": ""}, "?", {}, {"id": "p"})
    assert {turn["id"] for turn in runs.turns()} == {"t2", "t3", "t4"}


def test_a_meter_that_stops_answering_leaves_stand_ins_that_are_called_so(runs, monkeypatch, caplog):
    monkeypatch.setattr(attribution_module, "SILENT", 0.3)
    meter = CpuTimeMeter(seconds=0.05)
    desk = Desk(runs, meter)
    desk.query("before", 0.01)
    assert desk.ledger.settle("before", 10.0)
    meter.stop()  # behind the back of whoever relies on it, as a thread that died
    time.sleep(0.4)
    for name in ("after", "later"):
        desk.query(name, 0.5)
        desk.finish(name)
    assert desk.books.flush(), "nobody waits for a meter that is gone"
    after, later = runs.turns()
    assert after["provisional"]
    assert later["provisional"]
    assert after["cost"]["joules"] == {"value": pytest.approx(2.0), "kind": "modelled"}, "not zero"
    assert caplog.text.count("has stopped reporting") == 1


def test_a_call_that_a_reading_is_missing_of_is_not_called_metered(caplog):
    meter = ManualMeter()
    ledger = Ledger(Attribution(meter), Host())
    ledger.attribution.acquire()
    meter.report(0.1)

    def reading(joules: float, seconds: float) -> None:
        meter.at -= seconds  # as if the last one had been longer ago
        meter.report(joules, cpu=1.0)

    costs = {}
    for name, joules in (("good", 8.0), ("dead", 0.0), ("wrapped", 163_000.0), ("again", 8.0)):
        with ledger.span(name, "generator", "small", LOCAL) as line:
            line.usage = Usage(calls=1, cpu_seconds=1.0)
        reading(joules, 1.0)
        costs[name] = line
    meter.report(0.1)
    kinds = {name: ledger.cost(name).kind("joules") for name in costs}
    assert kinds == {"good": "measured", "dead": "modelled", "wrapped": "modelled", "again": "measured"}
    assert ledger.cost("wrapped")["joules"] == pytest.approx(4.0)
    assert ledger.attribution.totals.faults == 2
    assert ledger.attribution.totals.metered < 20
    assert caplog.text.count("implausible reading ignored") == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_fork_keeps_books_of_its_own_and_none_of_its_parents(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    ledger = Ledger(shared_attribution("cpu"), Host())
    ledger.attribution.acquire()
    books = Bookkeeper(ledger, Budget(), runs)

    def query(name: str) -> None:
        until = time.process_time() + 0.05
        with ledger.span(name, "generator", "small", LOCAL) as line:
            while time.process_time() < until:
                pass
            line.usage = Usage(calls=1, cpu_seconds=0.05)
        books.submit(Finished(name, f"{name}?", FACTS))

    home = ledger.attribution
    query("parent")  # waits for its meter: not closed yet when the process forks
    child = os.fork()
    if child == 0:
        status = 1
        try:
            query("child")
            home.release()  # as whoever tidies up at the end of a process does
            status = 0 if books.flush(30.0) and home.running else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert books.flush(30.0)
    home.release()
    turns = {turn["id"]: turn["process"] for turn in runs.turns()}
    assert set(turns) == {"parent", "child"}
    with closing(sqlite3.connect(runs.path)) as db:
        assert db.execute("SELECT count(*) FROM turns").fetchone() == (2,)
    accounts = runs.processes()
    assert len(accounts) == 2
    for name, process in turns.items():
        own = next(turn for turn in runs.turns() if turn["id"] == name)
        assert own["cost"]["joules"]["value"] <= accounts[process]["active"] + 1e-9
        assert not own["provisional"]


def test_what_a_verifier_computes_teaches_though_it_writes_nothing():
    usage = Usage(calls=1, seconds=0.5, cpu_seconds=0.5)
    line = Line(
        "q", "verify:nli", "nli", LOCAL, 0.0, spec="verify:nli", usage=usage, joules=3.0, settled=True
    )
    assert observed(line) == Observation(0, 0, 3.0, 0.5)
    assert observed(replace(line, spec="local:small")) is None, "a model that wrote nothing was cut off"
