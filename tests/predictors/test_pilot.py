import numpy as np
import pytest

from dynamicrag.predictors.pilot import Pilot

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
QUALITY = RNG.random((60, 3))


@pytest.mark.parametrize("trust", [0.5, 1.0, 30.0])
def test_before_feedback_the_weights_are_exactly_those_of_the_table(trust):
    own = Pilot(trust=trust).fit(X, QUALITY)
    assert (own.n == 0).all()
    assert np.allclose(own.b, trust * own.prior)
    assert np.allclose(own._theta, own.prior, rtol=1e-12)
    scaled = np.insert((X - X.mean(axis=0)) / X.std(axis=0), 0, 1.0, axis=1)
    unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    wanted = np.linalg.solve(unit.T @ unit + np.eye(5), unit.T @ QUALITY[:, own._columns.argsort()])
    assert np.allclose(own.prior, wanted.T)


def test_the_estimate_is_a_cosine():
    own = Pilot().start(2, 2)
    own.learn([3.0, 0.0], 0, 0.2)
    estimate = own.predict([[5.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert np.allclose(estimate.mean[:, 0], [1.0, 0.0, np.sqrt(0.5)])
    assert (estimate.mean[:, 1] == 0).all()
    assert np.allclose(estimate.spread[0], [np.sqrt(0.5), 1.0])
    quality = Pilot(cosine=False).start(2, 2)
    quality.learn([3.0, 0.0], 0, 0.2)
    assert quality.predict([[5.0, 0.0]]).mean[0, 0] == pytest.approx(0.1)


def test_more_trust_in_the_prior_moves_less():
    def moved(trust):
        own = Pilot(trust=trust, cosine=False).fit(X, QUALITY)
        before = own.predict(X[:1]).mean[0, 0]
        own.learn(X[0], 0, before + 1.0)
        return own.predict(X[:1]).mean[0, 0] - before

    assert moved(1.0) == pytest.approx(0.5)
    assert moved(9.0) == pytest.approx(0.1)


def test_impossible_parameters_are_refused():
    with pytest.raises(ValueError, match="trust: expected a number above 0"):
        Pilot(trust=0)
    with pytest.raises(ValueError, match="ridge: expected a number above 0"):
        Pilot(ridge=-1)
    with pytest.raises(ValueError, match="alpha: expected a number of 0 or more"):
        Pilot(alpha=-1)
