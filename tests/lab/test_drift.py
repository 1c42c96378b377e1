"""Whether drift is seen where there is some, and not where there is none."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest

from dynamicrag.calibrated import Calibrated
from dynamicrag.lab.report.drift import ENOUGH, RECENT, bootstrap, drift, moved, wilson
from dynamicrag.lab.report.drift_panel import change, verdict
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.page import to_html
from dynamicrag.lab.report.selection import Selection
from tests.lab.turns import asked, process

BAND = {
    "date": datetime.fromtimestamp(1_795_000_000, UTC),
    "rows": 120,
    "joules": {"mean": 10.0, "low": 9.0, "high": 11.2},
    "seconds": {"mean": 1.0, "low": 0.9, "high": 1.12},
    "abstained": 0.05,
    "escalated": 0.1,
    "signals": {"groundedness": {"mean": 0.7, "low": 0.65, "high": 0.75}},
    "shares": {"generator": {"small": 0.6, "large": 0.4}},
}
CALIBRATED = Calibrated.model_validate(BAND)


def queries(number, *, seed=0, joules=10.0, large=0.4, abstained=0.05, groundedness=0.7, **changes):
    """Return queries that are as calibrated unless told otherwise."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(number):
        record = asked(n, float(joules * rng.lognormal(-0.08, 0.4)), **changes)
        record["path"] = {"generator": "large" if rng.random() < large else "small"}
        record["abstained"] = bool(rng.random() < abstained)
        record["escalations"] = ["generator:large"] if rng.random() < 0.1 else []
        record["signals"] = {"groundedness": float(np.clip(rng.normal(groundedness, 0.15), 0, 1))}
        made.append(record)
    return made


def compared(turns):
    return drift(turns, {"balanced": CALIBRATED})["balanced"]


def test_too_few_are_not_judged():
    one = compared(queries(ENOUGH - 1, joules=90.0, large=1.0))
    assert (one["enough"], one["figures"], moved(one)) == (False, {}, [])
    assert f"{ENOUGH} are needed" in verdict(one)


@pytest.mark.slow
@pytest.mark.parametrize("number", [30, 100, 300])
def test_it_does_not_cry_wolf(number):
    alarms = [moved(compared(queries(number, seed=seed))) for seed in range(60)]
    assert sum(map(bool, alarms)) <= 2


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"joules": 16.0}, {"joules", "seconds"}),
        ({"large": 0.9}, {"generator=small", "generator=large"}),
        ({"abstained": 0.4}, {"abstained"}),
        ({"groundedness": 0.45}, {"groundedness"}),
    ],
)
def test_what_has_moved_is_told(changes, names):
    one = compared(queries(100, **changes))
    assert set(moved(one)) == names
    said = verdict(one)
    assert all(name in said for name in names)
    assert "Record the present questions again" in said


def test_how_far_it_has_moved():
    one = compared([asked(n, 15.0, signals={}, path={"generator": "large"}) for n in range(40)])
    assert change(one["figures"]["joules"]) == "+50\u00a0%"
    assert one["figures"]["joules"]["recent"] == {"value": 15, "low": 15, "high": 15, "kind": "modelled"}
    assert change(one["figures"]["generator=large"]) == "+60.0\u00a0points"
    assert change(one["figures"]["generator=small"]) == "−60.0\u00a0points"
    assert "groundedness" not in one["figures"]


def test_an_option_that_is_new():
    turns = queries(60)
    for turn in turns[:30]:
        turn["path"] = {"generator": "huge"}
    assert "generator=huge" in moved(compared(turns))


def test_others_do_not_count():
    turns = queries(60) + queries(200, joules=500.0, large=1.0, policy="always-large")
    one = compared(turns)
    assert (one["queries"], moved(one)) == (60, [])
    assert list(drift(turns, {"balanced": CALIBRATED, "frugal": CALIBRATED})) == ["balanced"]
    assert drift(turns, {}) == {}


def test_neither_do_those_before_the_calibration_nor_the_oldest():
    turns = queries(60, joules=500.0)
    for turn in turns:
        turn["at"] -= 1_000_000
    assert compared(turns)["queries"] == 0
    assert compared(turns + queries(RECENT + 50))["queries"] == RECENT


def test_joules_that_the_meter_has_not_covered_do_not_count():
    turns = queries(60)
    for turn in turns[: 60 - ENOUGH + 1]:
        turn["provisional"] = True
    assert "joules" not in compared(turns)["figures"]


def test_intervals_hold_what_they_promise():
    rng = np.random.default_rng(1)
    held = [
        low <= 0.1 <= high for low, high in (wilson(rng.binomial(80, 0.1) / 80, 80, 0.05) for _ in range(500))
    ]
    assert 0.92 <= np.mean(held) <= 0.98
    means = [bootstrap(rng.exponential(10, 80).tolist(), 0.05) for _ in range(200)]
    assert 0.88 <= np.mean([low <= 10 <= high for low, high in means]) <= 0.98


def test_the_page_has_a_panel():
    turns = queries(60, joules=20.0)
    made = make_report(turns, {"p1": process()}, Selection())
    assert "as calibrated" not in to_html(made, turns)
    page = to_html({**made, "drift": drift(turns, {"balanced": CALIBRATED})}, turns)
    text = re.sub(r"<[^>]+>", " ", page)
    assert "Whether it is as calibrated" in text
    assert "no longer as calibrated on" in text


def test_hostile_names_are_shown_as_text():
    turns = queries(60)
    for turn in turns:
        turn["path"] = {"generator": "<script>alert(1)</script>"}
    made = make_report(turns, {"p1": process()}, Selection())
    page = to_html({**made, "drift": drift(turns, {"balanced": CALIBRATED})}, turns)
    assert "<script" not in page
