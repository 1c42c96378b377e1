"""Whether drift is seen where there is some, and not where there is none."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest

from dynamicrag.lab.report.drift import ENOUGH, RECENT, Recent, bootstrap, drift, wilson
from dynamicrag.lab.report.make import make_report
from dynamicrag.lab.report.selection import Selection
from dynamicrag.lab.report.view import page
from dynamicrag.lab.report.words import change, verdict
from dynamicrag.lab.view.html import to_html
from dynamicrag.policy.calibrated import Calibrated
from tests.lab.turns import asked, books

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
        fields = {
            "joules": float(joules * rng.lognormal(-0.08, 0.4)),
            "path": {"generator": "large" if rng.random() < large else "small"},
            "abstained": bool(rng.random() < abstained),
            "escalations": ["generator:large"] if rng.random() < 0.1 else [],
            "signals": {"groundedness": float(np.clip(rng.normal(groundedness, 0.15), 0, 1))},
        }
        made.append(asked(n, **{**fields, **changes}))
    return made


def compared(turns):
    return drift(turns, {"balanced": CALIBRATED})["balanced"]


def test_too_few_are_not_judged():
    one = compared(queries(ENOUGH - 1, joules=90.0, large=1.0))
    assert (one.enough, one.figures, one.moved) == (False, {}, [])
    assert f"{ENOUGH} are needed" in verdict(one)


@pytest.mark.slow
@pytest.mark.parametrize("number", [30, 100, 300])
def test_it_does_not_cry_wolf(number):
    alarms = [compared(queries(number, seed=seed)).moved for seed in range(60)]
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
    assert set(one.moved) == names
    said = verdict(one)
    assert all(name in said for name in names)
    assert "Record the present questions again" in said


def test_how_far_it_has_moved():
    one = compared([asked(n, 15.0, signals={}, path={"generator": "large"}) for n in range(40)])
    assert change(one.figures["joules"]) == "+50\u00a0%"
    assert one.figures["joules"].recent == Recent(15, 15, 15, "modelled")
    assert change(one.figures["generator=large"]) == "+60.0\u00a0points"
    assert change(one.figures["generator=small"]) == "−60.0\u00a0points"
    assert "groundedness" not in one.figures


def test_an_option_that_is_new():
    turns = [*queries(30, path={"generator": "huge"}), *queries(30)]
    assert "generator=huge" in compared(turns).moved


def test_others_do_not_count():
    turns = queries(60) + queries(200, joules=500.0, large=1.0, policy="always-large")
    one = compared(turns)
    assert (one.queries, one.moved) == (60, [])
    assert list(drift(turns, {"balanced": CALIBRATED, "frugal": CALIBRATED})) == ["balanced"]
    assert drift(turns, {}) == {}


def test_neither_do_those_before_the_calibration_nor_the_oldest():
    turns = queries(60, joules=500.0, at=1_794_000_000.0)
    assert compared(turns).queries == 0
    assert compared(turns + queries(RECENT + 50)).queries == RECENT


def test_joules_that_the_meter_has_not_covered_do_not_count():
    turns = [*queries(60 - ENOUGH + 1, provisional=True), *queries(ENOUGH - 1)]
    assert "joules" not in compared(turns).figures


@pytest.mark.slow
def test_intervals_hold_what_they_promise():
    rng = np.random.default_rng(1)
    held = [
        low <= 0.1 <= high for low, high in (wilson(rng.binomial(80, 0.1) / 80, 80, 0.05) for _ in range(500))
    ]
    assert 0.92 <= np.mean(held) <= 0.98
    means = [bootstrap(rng.exponential(10, 80).tolist(), 0.05) for _ in range(200)]
    assert 0.88 <= np.mean([low <= 10 <= high for low, high in means]) <= 0.98


def document(turns, bands):
    return to_html(page(make_report(turns, {"p1": books()}, Selection(), bands=bands), turns))


@pytest.mark.slow
def test_the_page_has_a_panel():
    turns = queries(60, joules=20.0)
    assert "as calibrated" not in document(turns, {})
    text = re.sub(r"<[^>]+>", " ", document(turns, {"balanced": CALIBRATED}))
    assert "Whether it is as calibrated" in text
    assert "no longer as calibrated on" in text


@pytest.mark.slow
def test_hostile_names_are_shown_as_text():
    turns = queries(60, path={"generator": "<script>alert(1)</script>"})
    assert "<script" not in document(turns, {"balanced": CALIBRATED})
