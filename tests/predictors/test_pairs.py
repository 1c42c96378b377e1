"""Learning from preferences by the linear link of Ailon, Karnin and Joachims 2014."""

import numpy as np
import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.linucb import LinUCB
from tests.predictors.tables import table


def test_one_preference_by_hand():
    own = LinUCB(ridge=1.0).start(1, 3)
    own.learn([1.0], 1, 0.8)  # theta = 0.4
    own.learn_pair([1.0], 0, 1, 1.0)
    # a learns 1 + 0.4 and b learns 0 - 1, each with half an observation
    assert np.allclose(own.b[:, 0], [0.5 * 1.4, 0.8 - 0.5, 0.0])
    assert np.allclose(own.A[:, 0, 0], [1.5, 2.5, 1.0])


def test_a_tie_between_equals_teaches_only_certainty():
    own = LinUCB().start(1, 2)
    own.learn_pair([1.0], 0, 1, 0.5)
    estimate = own.predict([[1.0]])
    assert (estimate.mean == 0).all()
    assert np.allclose(estimate.spread, np.sqrt(1 / 1.5))


@pytest.mark.parametrize(("drawn", "pairs", "tolerance"), [(False, 500, 0.005), (True, 2000, 0.1)])
def test_preferences_alone_recover_the_differences_between_options(drawn, pairs, tolerance):
    rng = np.random.default_rng(0)
    weights = np.array([[0.6, 0.2], [0.4, -0.2], [0.3, 0.0]])
    own = LinUCB().start(2, 3)
    for _ in range(pairs):
        x = np.array([1.0, rng.uniform(-1, 1)])
        a, b = rng.choice(3, 2, replace=False)
        chance = (1 + weights[a] @ x - weights[b] @ x) / 2
        own.learn_pair(x, a, b, float(rng.random() < chance) if drawn else chance)
    X = np.column_stack([np.ones(21), np.linspace(-1, 1, 21)])
    found, truth = own.predict(X).mean, X @ weights.T
    assert np.abs((found - found[:, :1]) - (truth - truth[:, :1])).max() < tolerance


def test_swapping_both_options_and_the_outcome_changes_nothing():
    one, two = LinUCB().start(2, 2), LinUCB().start(2, 2)
    for x, y in [([1.0, 0.3], 1.0), ([0.2, -1.0], 0.0), ([1.0, 1.0], 0.7)]:
        one.learn_pair(x, 0, 1, y)
        two.learn_pair(x, 1, 0, 1 - y)
    assert np.allclose(one.b, two.b)


@pytest.mark.parametrize("name", ["kmeans", "best_single"])
def test_older_predictors_that_weigh_rewards_learn_from_preferences_too(name):
    X, quality = table()
    own = PREDICTORS.build(name, "tests").fit(X, quality)
    before = own.predict(X[:1]).mean[0]
    for _ in range(100):
        own.learn_pair(X[0], 2, 0, 1.0)
    after = own.predict(X[:1]).mean[0]
    assert after[2] - after[0] > before[2] - before[0] + 0.1


@pytest.mark.parametrize("name", ["knn", "linear"])
def test_a_predictor_that_cannot_weigh_rewards_says_which_can(name):
    X, quality = table()
    own = PREDICTORS.build(name, "tests").fit(X, quality)
    with pytest.raises(PolicyError, match=r"nor from preferences; those that do: .*linucb"):
        own.learn_pair(X[0], 0, 1, 1.0)
