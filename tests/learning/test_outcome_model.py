"""Predictions of outcomes without the query itself."""

import numpy as np
import pytest

from dynamicrag.learning.outcome_model import predicted


def made(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    chosen = rng.integers(2, size=n)
    outcomes = 0.5 + np.where(chosen == 1, 0.3, -0.3) * np.tanh(X[:, 0])
    return X, chosen.astype(np.intp), outcomes


def test_it_learns_which_option_suits_a_query():
    X, chosen, outcomes = made()
    found = predicted(X, chosen, outcomes, 2, np.arange(len(X)))
    assert np.corrcoef(found[:, 1] - found[:, 0], X[:, 0])[0, 1] > 0.9
    assert found.min() >= outcomes.min()
    assert found.max() <= outcomes.max()


def test_the_own_outcome_has_no_part_in_a_prediction():
    X, chosen, outcomes = made()
    before = predicted(X, chosen, outcomes, 2, np.arange(len(X)))
    outcomes[7] = 1 - outcomes[7]
    after = predicted(X, chosen, outcomes, 2, np.arange(len(X)))
    assert after[7] == pytest.approx(before[7])
    assert not np.allclose(after, before)


def test_decisions_of_one_query_are_left_out_together():
    X, chosen, outcomes = made(40)
    query = np.arange(40) // 2
    before = predicted(X, chosen, outcomes, 2, query)
    outcomes[6] = outcomes[7] = 0.9
    after = predicted(X, chosen, outcomes, 2, query)
    assert after[6:8] == pytest.approx(before[6:8])


def test_an_option_with_few_decisions_gets_a_shrunken_mean_and_an_unseen_one_the_overall_mean():
    X, chosen, outcomes = np.zeros((100, 1)), np.zeros(100, dtype=np.intp), np.zeros(100)
    chosen[:3], outcomes[:3] = 1, 1.0
    found = predicted(X, chosen, outcomes, 3, np.arange(100))
    assert 0 < found[50, 1] < 0.5
    assert found[50, 2] == pytest.approx(0.03, abs=0.02)


def test_no_decision_has_no_prediction():
    assert predicted(np.empty((0, 3)), np.empty(0, np.intp), np.empty(0), 2, np.empty(0, np.intp)).shape == (
        0,
        2,
    )
