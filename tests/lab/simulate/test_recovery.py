"""The number of queries until a learner is as good as the best fixed option again."""

import numpy as np
import pytest

from dynamicrag.lab.simulate.figures import Seeds
from dynamicrag.lab.simulate.recovery import recovery
from dynamicrag.lab.simulate.timeline import Timeline


def judged(own, marks=(100,), rows=200):
    quality = np.tile([0.8, 0.2], (rows, 1))
    line = Timeline(
        ("a", "b"),
        0.0,
        np.arange(rows),
        np.full(rows, ""),
        quality,
        quality,
        quality,
        quality > 0,
        np.arange(rows),
        marks,
    )
    fixed = quality[:, 0]
    baselines = {name: np.tile(fixed, (2, 1)) for name in ("best_fixed", "forest", "oracle")}
    return recovery([line, line], np.tile(own, (2, 1)), Seeds.of(baselines))


def test_the_loss_stops_growing_where_it_recovers():
    """By hand: .2 for 30 queries after the change, then .8, as the best option."""
    own = np.full(200, 0.8)
    own[100:130] = 0.2
    found = judged(own)
    assert (found.queries, found.interval, found.recovered) == (30.0, [30.0, 30.0], 1.0)
    assert found.best_fixed == pytest.approx(0.8)
    assert found.utility == pytest.approx(0.8 - 0.6 * 0.3)


def test_within_the_tolerance_there_is_nothing_to_recover_from():
    assert judged(np.full(200, 0.79)).queries == 0.0


def test_a_loss_that_goes_on_growing_is_no_recovery():
    found = judged(np.full(200, 0.7))
    assert (found.queries, found.interval, found.recovered) == (None, None, 0.0)


def test_several_changes_are_averaged():
    own = np.full(200, 0.8)
    own[50:60] = own[100:120] = 0.2
    assert judged(own, (50, 100)).queries == 15.0


def test_changes_count_in_the_order_of_time_and_once_at_the_same_time():
    own = np.full(200, 0.8)
    own[100:130] = 0.2
    assert judged(own, marks=(100, 50)) == judged(own, marks=(50, 100))
    assert judged(own, marks=(100, 100)) == judged(own)
