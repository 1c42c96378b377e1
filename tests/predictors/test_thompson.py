import numpy as np
import pytest

from dynamicrag.predictors.selection import select
from dynamicrag.predictors.thompson import Thompson


def test_the_spread_is_sigma_times_that_of_the_regression():
    own = Thompson(sigma=0.5).start(1, 2)
    own.learn([1.0], 0, 1.0)
    estimate = own.predict([[1.0]])
    assert estimate.mean.tolist() == [[0.5, 0.0]]
    assert np.allclose(estimate.spread, [[0.5 * np.sqrt(0.5), 0.5]])


def test_the_draw_of_qualities_is_that_of_weights():
    rng = np.random.default_rng(0)
    own = Thompson().start(3, 2)
    for _ in range(30):
        own.learn(rng.normal(size=3), int(rng.integers(2)), rng.random())
    x = np.array([0.3, -0.5, 0.2])
    estimate = own.predict(x[None])
    chosen = [
        select(
            estimate.mean[0],
            [[0.0], [0.02]],
            [1.0],
            spread=estimate.spread[0],
            explore=own.exploration,
            rng=rng,
        )
        for _ in range(200)
    ]
    thetas = [
        rng.multivariate_normal(own._theta[k], own.sigma**2 * own._inverse[k], size=50_000) @ x - price
        for k, price in enumerate((0.0, 0.02))
    ]
    wins = (thetas[1] > thetas[0]).mean()
    assert np.mean([each.chances[1] for each in chosen]) == pytest.approx(wins, abs=0.01)


def test_impossible_parameters_are_refused():
    with pytest.raises(ValueError, match="sigma: expected a number above 0"):
        Thompson(sigma=0)
    with pytest.raises(ValueError, match="discount: expected a number above 0, up to 1"):
        Thompson(discount=1.5)
