import numpy as np
import pytest

from dynamicrag.predictors.linucb import LinUCB


def one(**params):
    return LinUCB(**params).start(1, 2)


def test_one_reward_by_hand():
    own = one(alpha=1.5)
    own.learn([1.0], 0, 1.0)
    estimate = own.predict([[1.0]])
    assert (own.A[0], own.b[0]) == (2.0, 1.0)
    assert estimate.mean.tolist() == [[0.5, 0.0]]
    assert np.allclose(estimate.spread, [[np.sqrt(0.5), 1.0]])
    assert own.exploration.optimism == 1.5


@pytest.mark.parametrize(("alpha", "winner"), [(1.70, 0), (1.71, 1)])
def test_an_untried_option_wins_above_an_optimism_of_1_707(alpha, winner):
    own = one()
    own.learn([1.0], 0, 1.0)
    estimate = own.predict([[1.0]])
    assert (estimate.mean + alpha * estimate.spread).argmax() == winner


def test_a_discount_fades_the_chosen_option_alone():
    own = one(discount=0.5, ridge=1e-9)
    own.learn([1.0], 1, 1.0)
    other = own.b[1].copy(), own.A[1].copy()
    own.learn([1.0], 0, 1.0)
    own.learn([1.0], 0, 0.0)
    assert own.predict([[1.0]]).mean[0, 0] == pytest.approx(1 / 3)
    assert (own.b[1] == other[0]).all()
    assert (own.A[1] == other[1]).all()


def test_the_prior_does_not_fade():
    own = one(discount=0.5)
    own.learn([1.0], 0, 1.0)
    own.learn([1.0], 0, 0.0)
    assert own.A[0] == 0.5 * (0.5 + 0.5 + 1) + 0.5 + 1
    assert own.predict([[1.0]]).mean[0, 0] == pytest.approx(0.5 / 2.5)
    for _ in range(100):
        own.learn([0.0], 0, 1.0)
    assert np.allclose(own.predict([[1.0]]).mean, 0.0)
    assert np.allclose(own.predict([[1.0]]).spread, 1.0)


def test_rank_1_updates_stay_exact():
    rng = np.random.default_rng(0)
    own = LinUCB(ridge=1e-3).start(8, 1)
    for _ in range(1000):
        own.learn(rng.normal(size=8) * 3, 0, rng.random(), rng.uniform(0.1, 2))
    assert np.allclose(own._inverse[0], np.linalg.inv(own.A[0]), rtol=1e-8)
    assert np.allclose(own._theta[0], np.linalg.solve(own.A[0], own.b[0]), rtol=1e-8)


def test_wild_features_are_clipped():
    own = one()
    own.learn([1e9], 0, 1.0)
    assert own.A[0] == 37.0
    assert np.isfinite(own.predict([[-1e300]]).mean).all()
