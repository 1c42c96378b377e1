"""Intervals cover the truth of worlds whose truth is known."""

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.whatif.coverage import build_page, measure
from dynamicrag.lab.whatif.worlds import DrawnLog, World, candidates, exploring
from dynamicrag.learning.offpolicy import weights_of


def world(stages=1, n=400, seed=0):
    """Return a world of three options, or of two choices in turn with two and three."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 2))
    k = 3 if stages == 1 else 6
    slope = np.linspace(-1, 1, k)
    quality = (rng.random((n, k)) < 1 / (1 + np.exp(-0.5 - features[:, :1] * slope))).astype(float)
    parts = np.arange(3)[:, None] if stages == 1 else np.array([[a, b] for a in range(2) for b in range(3)])
    return World(quality, np.tile(slope * 0.05 + 0.05, (n, 1)), features, parts)


ESTIMATORS = ("quality snips", "quality dr", "quality difference", "utility dr", "utility difference")


@pytest.mark.slow
def test_intervals_cover_the_truth():
    report = measure(world(), table="made", logs=12, rows=400, epsilon=0.9)
    for estimator in ESTIMATORS:  # a few logs, shared by the candidates: some .04 of it is luck
        assert report.pooled(estimator) >= 0.87, estimator
    assert "12 logs of 400 queries" in build_page(report).kicker


@pytest.mark.slow
def test_coverage_of_two_choices_in_turn_is_that_of_the_intervals_claim():
    report = measure(world(2), table="made", logs=100, rows=400, epsilon=0.9)
    for estimator in ESTIMATORS:
        assert report.pooled(estimator) >= 0.93, estimator
        least = min(each.share for each in report.found[estimator].values() if each.logs >= 90)
        assert least >= 0.90, estimator
    for candidate in report.found["quality dr"].values():
        assert abs(candidate.error) / candidate.logs < 0.02, "the estimate is unbiased"


def test_too_few_queries_are_refused():
    report = measure(world(), table="made", logs=2, rows=40, epsilon=0.5)
    assert set(report.refused.values()) == {2}


def test_two_choices_in_turn_have_the_weight_of_the_whole_option():
    own = world(2)
    logged = exploring(own, 0.5)
    drawn = DrawnLog.draw(logged, 300, np.random.default_rng(0))
    for candidate in candidates(own, logged).values():
        tables = drawn.tables(own, logged, candidate)
        whole = np.prod([weights_of(t.query, t.ratio, 300) for t in tables], axis=0)
        rows = np.arange(300)
        wanted = candidate[drawn.rows][rows, drawn.chosen] / logged[drawn.rows][rows, drawn.chosen]
        assert whole == pytest.approx(wanted)


def test_draws_follow_the_logged_probabilities():
    own = world()
    logged = np.tile([0.2, 0.5, 0.3], (400, 1))
    drawn = DrawnLog.draw(logged, 20_000, np.random.default_rng(0))
    assert np.bincount(drawn.chosen) / 20_000 == pytest.approx([0.2, 0.5, 0.3], abs=0.02)
    assert len(own.quality) == 400


def test_a_world_of_a_table():
    outcomes = {name: Outcome(0.5) for name in ("none/small", "none/large", "single/small", "single/large")}
    rows = [Row(str(number), f"How old is it, {number}?", outcomes) for number in range(20)]
    own = World.of(OutcomeTable(rows))
    assert own.parts.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert own.cost.mean(axis=0) == pytest.approx([0, 0.2 / 3, 0.4 / 3, 0.2])
    with pytest.raises(InputError, match="every outcome"):
        World.of(OutcomeTable([*rows, Row("last", "And?", {"none/small": Outcome(1.0)})]))
