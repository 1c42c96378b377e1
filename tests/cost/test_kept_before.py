"""Databases that were written before water was a dimension, as dumps: they open, and are gone on with."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dynamicrag.cost.calibration import Observation
from dynamicrag.cost.purse import Short
from dynamicrag.cost.runs import Runs
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.lab.report.export import to_csv, to_json
from dynamicrag.lab.report.figures import Statistics
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.records import load
from dynamicrag.lab.report.selection import Selection
from dynamicrag.lab.report.view import page
from dynamicrag.lab.view.html import to_html
from tests.lab.turns import figures, process, turn

KEPT = Path(__file__).parent / "kept"


@pytest.fixture
def restored(tmp_path):
    """Return a function that makes a database of a dump."""

    def restore(name: str) -> Path:
        path = tmp_path / f"{name}.sqlite"
        with closing(sqlite3.connect(path)) as db:
            db.executescript((KEPT / f"{name}.sql").read_text("utf-8"))
        return path

    return restore


def test_kept_queries_are_read_without_the_dimension(restored):
    runs = Runs(restored("runs"))
    turns, processes, _ = load(runs)
    assert [turn.path["generator"] for turn in turns] == ["small", "large"]
    assert all("water" not in turn.cost for turn in turns)
    assert len(processes) == 1
    assert runs.calls() == {"elsewhere/x86_64/2": {"local:small": [Observation(100.0, 10.0, 5.0, 0.5)]}}


def test_a_report_shows_what_is_known_and_says_what_is_missing(restored):
    runs = Runs(restored("runs"))
    report = make_report(*load(runs)[:2], Selection())
    assert report.overall.costs["joules"].mean["value"] > 0
    assert report.overall.costs["water"] == Statistics(0)
    assert any(note.startswith("water: not counted in 2 of 2 queries") for note in report.notes)
    turns = load(runs)[0]
    assert "water, active" in to_html(page(report, turns))
    header, first, _ = to_csv(turns).splitlines()
    assert dict(zip(header.split(","), first.split(","), strict=True))["water"] == ""
    assert to_json(report, turns)["queries"][0]["water"] is None


def test_new_queries_go_into_the_old_file(restored):
    runs = Runs(restored("runs"))
    cost = {**figures(10.0), "water": {"value": 1e-5, "kind": "estimated", "low": 5e-6, "high": 2e-5}}
    runs.add({**turn(7), "cost": cost, "full": cost}, "new?", {}, process())
    report = make_report(*load(runs)[:2], Selection())
    assert report.overall.costs["water"].queries == 1
    assert report.overall.costs["water"].total["value"] == 1e-5
    assert any("not counted in 2 of 3" in note for note in report.notes)


def test_a_query_with_a_dimension_that_is_gone_is_read_too(tmp_path):
    runs = Runs(tmp_path / "runs.sqlite")
    cost = {**figures(10.0), "heat": {"value": 1.0, "kind": "modelled"}}
    runs.add({**turn(1), "cost": cost, "full": cost}, "a?", {}, process())
    assert make_report(*load(runs)[:2], Selection()).overall.queries == 1


def test_a_shared_total_takes_a_new_dimension(restored):
    purse = SharedPurse(restored("budgets"), "team")
    spent, held = purse.state()
    assert (set(spent), held) == ({"usd", "joules"}, {})
    number = purse.take({"water": 0.5}, {"water": 1.0})
    with pytest.raises(Short):
        purse.take({"water": 0.6}, {"water": 1.0})
    purse.settle(number, {"water": 0.25})
    assert purse.state()[0] == {**spent, "water": 0.25}
