import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.predictors.bandit_thresholds import BanditThresholds
from dynamicrag.predictors.selection import select

PRICE = [[0.0], [0.3]]


def accepted(own, score, other=0.0):
    estimate = own.predict([[other, score]])
    chosen = select(estimate.mean[0], PRICE, [1.0], spread=estimate.spread[0], explore=own.exploration)
    return chosen.index == 0


def test_it_starts_as_a_threshold_on_the_calibrated_score():
    own = BanditThresholds(score=1).start(2, 2)
    assert own.predict([[9.0, 0.4]]).mean.tolist() == [[0.4, 1.0]]
    assert accepted(own, 0.71)
    assert not accepted(own, 0.69)


def test_feedback_moves_the_threshold():
    own = BanditThresholds(score=1, alpha=0.1).start(2, 2)
    rng = np.random.default_rng(0)
    for _ in range(300):  # escalating does not help, whatever the score
        score = rng.random()
        own.learn([0.0, score], 1, 0.5)
        own.learn([0.0, score], 0, 0.5)
    assert accepted(own, 0.3)


def test_signals_that_the_scorer_misses_count():
    own = BanditThresholds(score=1, alpha=0.1).start(2, 2)
    rng = np.random.default_rng(0)
    for _ in range(400):
        alarm, score = float(rng.random() < 0.5), rng.uniform(0.7, 1)
        own.learn([alarm, score], 0, 0.0 if alarm else 1.0)
        own.learn([alarm, score], 1, 0.9)
    assert accepted(own, 0.8, other=0.0)
    assert not accepted(own, 0.8, other=1.0)


def test_impossible_parameters_are_refused():
    with pytest.raises(ValueError, match="score: expected the position"):
        BanditThresholds(score=-1)
    with pytest.raises(ValueError, match="escalated: expected a quality"):
        BanditThresholds(escalated=2)
    with pytest.raises(InputError, match="there is no signal 5; there are 2"):
        BanditThresholds(score=5).start(2, 2)
