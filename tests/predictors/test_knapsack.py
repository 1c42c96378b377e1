from math import e

import numpy as np
import pytest

from dynamicrag.predictors.knapsack import Knapsack

RULE = Knapsack(budget=10.0, queries=10, size=4, lower=0.1, upper=1.0)


def test_the_bounds_by_hand():
    assert RULE.threshold(1.0) == pytest.approx(1.0)
    assert RULE.threshold(0.0) == pytest.approx(0.1 / e)
    assert RULE.open([0.5, 0.5], [0.5, 0.51], 1.0).tolist() == [True, False]
    assert RULE.open([0.5, 0.5], [13.59, 13.6], 0.0).tolist() == [True, False]
    assert RULE.open([[-0.1, 0.0]], [[0.1, 0.0]], 0.5).tolist() == [[False, True]]


def test_bins_share_the_budget_and_spill_over():
    assert RULE.bins == 3
    assert [RULE.bin_of(served) for served in (0, 3, 4, 8, 9, 10, 99)] == [0, 0, 1, 2, 2, 2, 2]
    assert RULE.share_spent(0, 0.0, 0.0) == 0.0
    assert RULE.share_spent(2, 0.0, 5 / 3) == pytest.approx(0.5)
    # the first bin left 7/3 of its 10/3, so the second has 17/3
    assert RULE.share_spent(5, 1.0, 1.0 + 17 / 6) == pytest.approx(0.5)
    # the first two bins spent everything
    assert RULE.share_spent(8, 10.0, 10.0) == 1.0
    assert RULE.share_spent(3, 0.0, 99.0) == 1.0


def test_bounds_from_data():
    quality, cost = [0.5, 0.8, 0.0, np.nan, 0.9], [1.0, 0.4, 1.0, 1.0, 0.0]
    rule = Knapsack.of(quality, cost, budget=1.0, queries=5, size=5)
    assert (rule.lower, rule.upper) == (0.5, 2.0)
    with pytest.raises(ValueError, match="at least one outcome with both above 0"):
        Knapsack.of([0.0], [1.0], budget=1.0, queries=5, size=5)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="budget: expected a number above 0"):
        Knapsack(0.0, 10, 4, 0.1, 1.0)
    with pytest.raises(ValueError, match="lower: expected at most 'upper'"):
        Knapsack(1.0, 10, 4, 2.0, 1.0)


def test_a_stream_stays_near_its_budget_and_takes_the_best_ratios():
    rng = np.random.default_rng(0)
    quality, cost = rng.uniform(0.1, 1, 2000), rng.uniform(0.1, 1, 2000)
    rule = Knapsack.of(quality, cost, budget=200.0, queries=2000, size=200)
    spent = before = 0.0
    taken = []
    for served in range(2000):
        if served % 200 == 0:
            before = spent
        z = rule.share_spent(served, before, spent)
        if z < 1.0 and rule.open(quality[served], cost[served], z):
            spent += cost[served]
            taken.append(served)
    assert 100 < spent < 201 + rule.bins
    ratio = quality / cost
    assert ratio[taken].mean() > 1.5 * ratio.mean()
