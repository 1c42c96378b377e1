"""Probabilities from signals, and sets from probabilities."""

import numpy as np
import pytest

from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.calibration import ENOUGH, calibrated
from dynamicrag.escalation.conformal import conformal_sets
from dynamicrag.escalation.scorer import Scorer
from dynamicrag.predictors.state import State
from tests.escalation.training_data import made, model_of

RNG = np.random.default_rng(0)


def drawn(n=2000):
    """Return signals, and whether each draft is right, with probability σ(2·signal)."""
    rng = np.random.default_rng(1)
    signal = rng.normal(size=n)
    return signal, (rng.random(n) < 1 / (1 + np.exp(-2 * signal))).astype(float)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("outcomes", "within"), [(2000, 0.08), (ENOUGH - 1, 0.12)])
def test_a_signal_of_either_direction_is_calibrated(sign, outcomes, within):
    signal, right = drawn(outcomes)
    p = calibrated(sign * signal, right, np.array([-1.0, 0.0, 1.0]) * sign)
    np.testing.assert_allclose(p, [0.12, 0.5, 0.88], atol=within)


@pytest.mark.parametrize("right", [0.0, 1.0])
@pytest.mark.parametrize("outcomes", [50, ENOUGH])
def test_all_right_or_all_wrong(right, outcomes):
    signal, _ = drawn(outcomes)
    assert (np.abs(calibrated(signal, np.full(outcomes, right), signal) - right) < 0.2).all()


def test_what_is_missing_stays_missing():
    signal, right = drawn()
    assert np.isnan(calibrated(np.where(signal > 1, np.nan, signal), right, np.array([np.nan]))).all()
    assert np.isnan(calibrated(np.full(3, np.nan), np.ones(3), np.ones(1))).all()


def test_the_scorer_finds_what_tells_and_keeps_its_direction():
    n = 600
    rng = np.random.default_rng(2)
    quality = (rng.random((n, 2)) < 0.5).astype(float)
    told = np.stack([-quality + rng.normal(0, 0.5, (n, 2)), rng.normal(size=(n, 2))], axis=2)
    own = Scorer().fit(told, quality)
    p = own.predict(told)
    assert p[quality == 1].mean() - p[quality == 0].mean() > 0.3
    assert own.sign[0] == -1
    assert (own.weights >= 0).all()
    assert own.weights[0] > 5 * own.weights[1]


def test_a_draft_without_signals_is_not_scored():
    signals = RNG.normal(size=(20, 2, 3))
    signals[4, 1] = np.nan
    p = Scorer().fit(signals, np.ones((20, 2))).predict(signals)
    assert np.isnan(p).sum() == 1
    assert np.isnan(p[4, 1])


def test_conformal_sets_cover_what_they_promise():
    rng = np.random.default_rng(3)
    p = rng.random((4000, 4))
    right = rng.random((4000, 4)) < p
    judged = right[2000:].any(axis=1)
    for alpha in (0.05, 0.1, 0.2):
        sets = conformal_sets(p[:2000], right[:2000], p[2000:], alpha)
        held = (sets & right[2000:]).any(axis=1)[judged]
        assert held.mean() == pytest.approx(1 - alpha, abs=0.025)


def test_too_few_rows_promise_nothing_less_than_everything():
    known, right = np.full((3, 2), 0.9), np.ones((3, 2), dtype=bool)
    assert conformal_sets(known, right, np.zeros((1, 2)), 0.05).all()
    assert conformal_sets(known, ~right, np.array([[0.1, np.nan]]), 0.2).tolist() == [[True, False]]


def test_states(tmp_path):
    signals = RNG.normal(size=(50, 2, 3))
    own = Scorer().fit(signals, np.ones((50, 2)))
    again = Scorer.from_state(State.load(own.state().save(tmp_path / "state")))
    np.testing.assert_array_equal(own.predict(signals), again.predict(signals))
    model = model_of(made())
    loaded = BeliefModel.from_state(State.load(model.state().save(tmp_path / "b")))
    np.testing.assert_array_equal(model.cov, loaded.cov)


def test_one_draft_that_fails_lowers_what_is_believed_of_the_others():
    data = made()
    model = model_of(data)
    begun = model.begin(data.prior[:2], data.expected[:2], data.chain, np.full(2, np.inf))
    after = model.learn(begun, np.zeros(2, dtype=np.intp), np.array([0.05, 0.95]), np.full(2, np.nan))
    assert (after.mean[0, 1:] < begun.mean[0, 1:]).all()
    assert (after.mean[1, 1:] > begun.mean[1, 1:]).all()
    assert (after.spread[:, 1:] < begun.spread[:, 1:]).all()
