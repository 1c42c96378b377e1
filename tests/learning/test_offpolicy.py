"""Estimators by hand, unbiasedness by simulation."""

import numpy as np
import pytest

from dynamicrag.learning.intervals import Range, estimated
from dynamicrag.learning.offpolicy import (
    Steps,
    compare,
    doubly_robust,
    effective_size,
    ips,
    snips,
    weights_of,
)


def steps(query, ratio, ahead=0.0, taken=0.0, rank=None):
    """Return steps with constant predictions."""
    query = np.array(query, dtype=np.intp)
    rank = np.zeros(len(query), dtype=np.intp) if rank is None else np.array(rank, dtype=np.intp)
    same = np.ones(len(query))
    return Steps(query, rank, np.array(ratio, dtype=float), ahead * same, taken * same)


def test_inverse_propensity_by_hand():
    # logged with probability .25; the candidate takes the same option
    assert ips(np.array([1 / 0.25]), np.array([1.0])).value == 4
    # the candidate takes another option
    assert ips(np.array([0.0]), np.array([1.0])).value == 0


def test_self_normalised_by_hand():
    assert snips(np.array([4.0, 0.0]), np.array([1.0, 0.0])).value == 1


def test_without_any_weight_the_self_normalised_interval_is_the_whole_range():
    found = snips(np.zeros(3), np.ones(3))
    assert (found.low, found.high) == (0, 1)


def test_effective_sample_size_by_hand():
    assert effective_size(np.ones(10)) == 10
    assert effective_size(np.array([4.0, 0.0])) == 1
    assert effective_size(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)
    assert effective_size(np.zeros(3)) == 0


def test_weights_multiply_over_the_steps_of_a_query():
    found = weights_of(np.array([0, 0, 2]), np.array([2.0, 0.5, 3.0]), 3)
    assert found.tolist() == [1, 1, 3]


def test_doubly_robust_by_hand():
    # one step: .6 + 2 · (1 − .5); no step: the outcome
    found = doubly_robust(steps([0], [2.0], ahead=0.6, taken=0.5), np.array([1.0, 0.25]))
    assert found.tolist() == pytest.approx([1.6, 0.25])


def test_doubly_robust_goes_back_from_the_last_step():
    own = steps([0, 0], [2.0, 0.5], ahead=0.6, taken=0.4, rank=[0, 1])
    last = 0.6 + 0.5 * (1.0 - 0.4)
    assert doubly_robust(own, np.array([1.0])).tolist() == pytest.approx([0.6 + 2 * (last - 0.4)])


def test_a_candidate_that_changes_nothing_differs_by_exactly_nothing():
    outcomes = np.array([0.0, 1.0] * 50)
    found = compare(steps([], []), outcomes, Range(0, 1))
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)
    assert found.dr == found.logged
    assert found.effective == found.queries == 100


def test_added_queries_keep_an_interval_open_where_all_outcomes_agree():
    found = estimated(np.ones(60), np.array([0.0, 0.0, 1.0, 1.0]), 60.0)
    assert found.value == 1
    assert found.low < 0.95


def test_estimators_are_unbiased_over_two_steps():
    """Truth by enumeration: the second step's option changes the reward, the first the second's effect."""
    rng = np.random.default_rng(0)
    n = 40_000
    first = rng.random(n) < 0.3  # the logged policy takes option 1 with probability .3, the candidate .8
    second = rng.random(n) < np.where(first, 0.5, 0.2)  # the candidate: .1
    mean = 0.2 + 0.3 * first + 0.4 * second * first
    outcomes = (rng.random(n) < mean).astype(float)
    ratio = [np.where(first, 0.8 / 0.3, 0.2 / 0.7), np.where(second, 0.1, 0.9) / np.where(
        second, np.where(first, 0.5, 0.2), np.where(first, 0.5, 0.8))]  # fmt: skip
    query = np.repeat(np.arange(n), 2)
    own = Steps(
        query, np.tile([0, 1], n), np.stack(ratio, axis=1).ravel(), np.full(2 * n, 0.3), np.full(2 * n, 0.3)
    )
    truth = 0.2 + 0.3 * 0.8 + 0.4 * 0.8 * 0.1
    found = compare(own, outcomes, Range(0, 1))
    for estimate in (found.ips, found.snips, found.dr):
        assert estimate.low < truth < estimate.high
        assert estimate.value == pytest.approx(truth, abs=0.02)
