"""Judging the prior: folds, budgets, the oracle's gap, and the whole on made-up tables."""

import json

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.priors.contenders import MEANS, means
from dynamicrag.lab.priors.judged import FIXED, judged, page
from dynamicrag.lab.priors.judging import at_budgets, best_by_estimate, folds, gap_closed, out_of_fold
from dynamicrag.lab.priors.pool import BUDGETS, PRICES, Pool, pool
from dynamicrag.lab.priors.tables import Tables, grid
from tests.lab.priors.synthetic import embed, write, write_strategies


def known(train, rows):
    """Estimate a pool of two options: the expensive one is right on even rows alone."""
    return np.stack([np.full(len(rows), 0.5), np.where(rows % 2 == 0, 1.0, 0.2)], axis=1)


@pytest.fixture
def two() -> Pool:
    rows = np.arange(100)
    quality = np.stack([np.full(100, 0.5), np.where(rows % 2 == 0, 1.0, 0.2)], axis=1)
    return Pool([0], quality, np.broadcast_to([0.05, 0.45], (100, 2)))


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write(folder)
    write_strategies(folder)
    return Tables(folder, embed, "toy", lambda step: None)


def test_every_row_is_tested_once_and_never_trained_on():
    tested = [0] * 23
    for train, test in folds(23, seed=3):
        assert not {*train} & {*test}
        assert len(train) + len(test) == 23
        for row in test:
            tested[row] += 1
    assert tested == [1] * 23
    assert [list(test) for _, test in folds(23, 3)] != [list(test) for _, test in folds(23, 4)]


def test_out_of_fold_estimates_come_from_other_rows():
    made = out_of_fold(lambda train, rows: np.array([[float(row in train)] for row in rows]), np.arange(9), 0)
    assert not made.any()


def test_a_mean_budget_is_met_and_used(two):
    quality, cost = at_budgets(known, two, seed=0)
    assert (cost.mean(axis=1) <= np.array(BUDGETS) * 1.05).all()
    # at .10 no more than an eighth of the rows afford the expensive option, at .50 all that gain from it
    assert quality[0].mean() == pytest.approx(0.5, abs=0.08)
    assert quality[2].mean() == pytest.approx(0.75)


def test_the_best_fixed_option_fits_the_budget(two):
    train = np.arange(0, 100, 2)
    assert [two.fixed(train, budget) for budget in BUDGETS] == [0, 0, 1]


def test_the_share_of_the_gap_closed():
    quality = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert gap_closed(quality.max(axis=1), quality, []) == [1.0]
    assert gap_closed(quality[:, 0], quality, []) == [0.0]
    assert gap_closed(np.array([0.0, 1.0, 0.0, 0.0]), quality, []) == [-2.0]
    mean = best_by_estimate(means(quality), quality, seed=0)
    np.testing.assert_array_equal(mean, quality[:, 0])


def test_costs_are_list_prices_per_thousand_questions(tables):
    answers = grid(tables)
    options = pool(answers)
    into, out = PRICES["gpt4o"]
    assert options.cost[0, 2] == pytest.approx((50 * into + 20 * out) / 1000)
    assert options.quality.shape == options.cost.shape == (200, 9)


def test_a_table_without_the_pool_cannot_be_judged(tmp_path):
    write(tmp_path, rows=5)
    answers = grid(Tables(tmp_path, embed, "toy", lambda step: None))
    from dataclasses import replace

    with pytest.raises(InputError, match="no outcomes of gpt4o"):
        pool(replace(answers, subjects=["flan_t5_xl", "flan_t5_xxl", "llama31_8b", "gpt4o_mini", "x"]))


@pytest.mark.slow
def test_all_estimates_are_judged_beside_each_other(tables):
    made = judged(tables, [0])
    found = {(each.name, each.budget): each for each in made.budgets}
    assert {name for name, _ in found} >= {FIXED, MEANS, "learnt", "gpt4o unseen", "all three unseen"}
    for each in made.budgets:
        assert each.name not in (FIXED, MEANS) or each.cost <= each.budget
        assert each.over_fixed[1] <= each.over_fixed[0] <= each.over_fixed[2]
    assert found[FIXED, 0.5].over_fixed == [0.0, 0.0, 0.0]
    closed = {each.name: each.closed[0] for each in made.strategies}
    assert closed["fitted to this table"] > 0.3
    assert closed["fitted to this table"] > closed[MEANS]
    assert "gap closed" in json.dumps([str(section) for section in page(made).sections])
    assert json.loads(json.dumps(made.as_json()))["seeds"] == [0]
