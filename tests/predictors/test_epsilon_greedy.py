import numpy as np
import pytest

from dynamicrag.predictors.epsilon_greedy import EpsilonGreedy


def test_means_and_the_decay_by_hand():
    own = EpsilonGreedy().start(1, 2)
    assert own.exploration.epsilon == 1.0
    own.learn([0.0], 1, 1.0)
    own.learn([0.0], 1, 0.5)
    assert own.predict([[0.0]]).mean.tolist() == [[0.0, 0.75]]
    assert own.exploration.epsilon == pytest.approx(0.98**2)
    for _ in range(400):
        own.learn([0.0], 0, 0.2)
    assert own.exploration.epsilon == 0.01


def test_a_preference_counts_as_one_reward():
    own = EpsilonGreedy().start(1, 2)
    own.learn_pair([0.0], 0, 1, 1.0)
    assert own.exploration.epsilon == pytest.approx(0.98)


def test_a_table_counts_as_that_many_rewards():
    own = EpsilonGreedy().fit(np.zeros((50, 1)), np.full((50, 2), 0.5))
    assert own.exploration.epsilon == pytest.approx(0.98**50)


def test_impossible_parameters_are_refused():
    for name in ("first", "decay", "least"):
        with pytest.raises(ValueError, match=f"{name}: expected a number from 0 to 1"):
            EpsilonGreedy(**{name: 1.5})
