import numpy as np
import pytest

from dynamicrag.errors import BudgetError
from dynamicrag.predictors.exploration import Exploration
from dynamicrag.predictors.selection import cheapest_passing, lambda_for, select

QUALITY = np.array([0.2, 0.5, 0.6])
COSTS = np.array([[1.0, 0.0], [2.0, 1.0], [8.0, 5.0]])
WEIGHTS = np.array([0.05, 0.0])


def many(n=400, k=4, seed=0):
    rng = np.random.default_rng(seed)
    costs = np.sort(rng.random((n, k, 1)), axis=1) * 10
    return rng.random((n, k)) + costs[..., 0] / 20, costs


def test_the_score_is_quality_less_weighted_cost():
    chosen = select(QUALITY, COSTS, WEIGHTS)
    assert np.allclose(chosen.score, [0.15, 0.4, 0.2])
    assert (chosen.index, chosen.propensity) == (1, 1.0)
    assert select(QUALITY, COSTS, WEIGHTS, lam=0).index == 2
    assert select(QUALITY, COSTS, WEIGHTS, lam=100).index == 0


def test_limits_come_first():
    assert select(QUALITY, COSTS, WEIGHTS, allowed=[True, False, True]).index == 2
    with pytest.raises(ValueError, match="no open option"):
        select(QUALITY, COSTS, WEIGHTS, allowed=[False] * 3)


def test_what_is_closed_may_be_unknown_but_not_what_is_open():
    unknown = np.array([0.2, np.nan, 0.6])
    assert select(unknown, COSTS, WEIGHTS, allowed=[True, False, True]).index == 2
    with pytest.raises(ValueError, match="some are NaN"):
        select(unknown, COSTS, WEIGHTS)


def test_ties_go_to_the_cheaper_and_then_to_the_first():
    assert select([0.5, 0.5, 0.5], [[3.0], [1.0], [2.0]], [0.0 + 1e-12]).index == 1
    assert select([0.5, 0.5, 0.5], [[3.0], [1.0], [1.0]], [1.0], lam=0).index == 1
    assert select([0.5, 0.5, 0.5], np.ones((3, 1)), [1.0]).index == 0
    assert select([0.5, 0.5 + 1e-12], [[1.0], [2.0]], [1.0], lam=0).index == 0


def test_many_queries_are_as_many_single_ones():
    quality, costs = many()
    allowed = np.random.default_rng(3).random(quality.shape) < 0.7
    allowed[:, 0] = True
    together = select(quality, costs, [0.1], allowed=allowed)
    for i in range(50):
        alone = select(quality[i], costs[i], [0.1], allowed=allowed[i])
        assert alone.index == together.index[i]
        assert np.allclose(alone.score, together.score[i])


@pytest.mark.parametrize(
    "explore",
    [Exploration(epsilon=0.3), Exploration(temperature=0.2), Exploration(epsilon=0.1, temperature=0.1)],
)
def test_propensities_are_exact(explore):
    n = 40_000
    quality, costs = np.tile(QUALITY, (n, 1)), np.tile(COSTS, (n, 1, 1))
    allowed = np.array([True, True, False])
    chosen = select(quality, costs, WEIGHTS, allowed=allowed, explore=explore, rng=np.random.default_rng(0))
    assert np.allclose(chosen.chances.sum(axis=1), 1)
    assert (chosen.chances[:, 2] == 0).all()
    frequency = np.bincount(chosen.index, minlength=3) / n
    assert np.allclose(frequency, chosen.chances[0], atol=0.01)
    assert (chosen.propensity == chosen.chances[np.arange(n), chosen.index]).all()
    again = select(quality, costs, WEIGHTS, allowed=allowed, explore=explore, rng=np.random.default_rng(0))
    assert (again.index == chosen.index).all()


def test_epsilon_draws_evenly_among_what_is_open():
    explore = Exploration(epsilon=0.3)
    chances = select(QUALITY, COSTS, WEIGHTS, explore=explore, rng=np.random.default_rng(0)).chances
    assert np.allclose(chances, [0.1, 0.8, 0.1])


def test_exploring_wants_a_generator_and_sane_numbers():
    with pytest.raises(ValueError, match="default_rng"):
        select(QUALITY, COSTS, WEIGHTS, explore=Exploration(epsilon=0.1))
    with pytest.raises(ValueError, match="epsilon"):
        Exploration(epsilon=1.5)
    with pytest.raises(ValueError, match="temperature"):
        Exploration(temperature=-1)


SPREAD = np.array([0.3, 0.1, 0.05])


def test_optimism_adds_spreads_and_stays_certain():
    chosen = select(QUALITY, COSTS, WEIGHTS, spread=SPREAD, explore=Exploration(optimism=1.2))
    assert (chosen.index, chosen.propensity) == (1, 1.0)  # .15 + .36 against .4 + .12
    chosen = select(QUALITY, COSTS, WEIGHTS, spread=SPREAD, explore=Exploration(optimism=1.3))
    assert (chosen.index, chosen.propensity) == (0, 1.0)  # .15 + .39 against .4 + .13
    assert np.allclose(chosen.score, [0.15, 0.4, 0.2]), "the score is without optimism"
    assert chosen.chances.tolist() == [1, 0, 0]


def test_only_exploration_within_the_extra_cost():
    quality, costs = [0.5, 0.4, 0.4], [[1.0], [2.0], [8.0]]
    wide = [0.0, 0.3, 0.9]

    def index(**more):
        return select(quality, costs, [0.05], spread=wide, explore=Exploration(optimism=1.0, **more)).index

    assert index() == 2
    assert index(extra=0.35) == 2, "an extra of exactly the limit is within it"
    assert index(extra=0.34) == 1
    assert index(extra=0.0) == 0
    drawn = select(
        quality, costs, [0.05], explore=Exploration(epsilon=0.4, extra=0.1), rng=np.random.default_rng(0)
    )
    assert np.allclose(drawn.chances, [0.8, 0.2, 0.0])
    # a cheaper option is never an extra cost
    drawn = select(
        [0.0, 0.9], [[1.0], [2.0]], [0.05], explore=Exploration(epsilon=0.4, extra=0.0),
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert np.allclose(drawn.chances, [0.2, 0.8])


def test_a_limit_on_exploration_alone_is_greedy():
    chosen = select(QUALITY, COSTS, WEIGHTS, explore=Exploration(extra=0.1))
    assert (chosen.index, chosen.propensity, chosen.drawn) == (1, 1.0, None)


def test_the_chances_of_posterior_sampling_are_shares_of_256_draws():
    explore = Exploration(sample=True, epsilon=0.1)
    rng = np.random.default_rng(0)
    chosen = select(
        [0.5, 0.5, 0.9],
        [[0.0]] * 3,
        [1.0],
        allowed=[True, True, False],
        spread=SPREAD,
        explore=explore,
        rng=rng,
    )
    shares = (chosen.chances[:2] - 0.05) / 0.9 * 256
    assert np.allclose(shares, shares.round())
    assert chosen.chances[2] == 0
    assert chosen.chances.sum() == pytest.approx(1)
    assert shares[0] / 256 == pytest.approx(0.5, abs=0.1)
    assert chosen.propensity == chosen.chances[chosen.index]


@pytest.mark.parametrize("extra", [None, 0.2])
def test_the_propensities_of_posterior_sampling_are_exact(extra):
    n = 4_000
    quality, costs, spread = (np.tile(x, (n, *(1,) * x.ndim)) for x in (QUALITY, COSTS, SPREAD))
    explore = Exploration(sample=True, epsilon=0.05, extra=extra)
    chosen = select(quality, costs, WEIGHTS, spread=spread, explore=explore, rng=np.random.default_rng(0))
    again = select(quality, costs, WEIGHTS, spread=spread, explore=explore, rng=np.random.default_rng(0))
    assert (again.index == chosen.index).all()
    assert (chosen.propensity == chosen.chances[np.arange(n), chosen.index]).all()
    # every row has its own estimate of the chances, so compare their sums with the frequencies
    taken = np.bincount(chosen.index, minlength=3)
    deviation = np.sqrt((chosen.chances * (1 - chosen.chances)).sum(axis=0))
    assert (np.abs(taken - chosen.chances.sum(axis=0)) <= 4 * deviation).all()
    values = np.array([1.0, 2.0, 4.0])
    open_ = chosen.chances[0] > 0
    weighted = values[chosen.index] / chosen.propensity
    assert abs(weighted.mean() - values[open_].sum()) < 4 * weighted.std() / np.sqrt(n)


def test_certain_estimates_are_sampled_as_they_are():
    for quality, best in (([0.2, 0.5], 1), ([0.5, 0.5], 0)):
        chosen = select(
            quality, [[1.0], [2.0]], [0.0], spread=[0.0, 0.0], explore=Exploration(sample=True),
            rng=np.random.default_rng(0),
        )  # fmt: skip
        assert (chosen.index, chosen.propensity) == (best, 1.0)


def test_exploring_by_spread_wants_it():
    for explore in (Exploration(optimism=1.0), Exploration(sample=True)):
        with pytest.raises(ValueError, match="need the spread"):
            select(QUALITY, COSTS, WEIGHTS, explore=explore, rng=np.random.default_rng(0))
        with pytest.raises(ValueError, match="numbers of 0 or more"):
            select(QUALITY, COSTS, WEIGHTS, spread=[0.1, np.nan, 0.1], explore=explore)
    with pytest.raises(ValueError, match="default_rng"):
        select(QUALITY, COSTS, WEIGHTS, spread=SPREAD, explore=Exploration(sample=True))
    closed = [True, True, False]
    unknown = [0.1, 0.1, np.nan]
    assert select(
        QUALITY, COSTS, WEIGHTS, allowed=closed, spread=unknown, explore=Exploration(optimism=1.0)
    ).index in (0, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"optimism": -1}, "optimism: expected a number of 0 or more"),
        ({"optimism": np.inf}, "optimism: expected a number of 0 or more"),
        ({"extra": -0.1}, "extra: expected a number of 0 or more"),
        ({"extra": np.nan}, "extra: expected a number of 0 or more"),
        ({"sample": True, "optimism": 1}, "sample: excludes 'optimism'"),
        ({"sample": True, "temperature": 1}, "sample: excludes 'temperature'"),
    ],
)
def test_impossible_exploration_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Exploration(**fields)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_bisection_meets_the_budget_and_no_more(share):
    quality, costs = many()
    rows = np.arange(len(quality))

    def spent(lam):
        return costs[rows, select(quality, costs, [0.02], lam=lam).index].mean()

    most, least = spent(0), costs[:, 0].mean()
    budget = least + share * (most - least)
    lam = lambda_for(budget, quality, costs, [0.02], least=0.0)
    assert spent(lam) <= budget
    assert spent(lam * (1 - 1e-6)) > budget or lam < 1e-9
    assert budget - spent(lam) < 10 / len(quality) + 1e-9, "one query's step away at most"


def test_a_budget_that_does_not_bind_changes_nothing():
    quality, costs = many()
    assert lambda_for([1e6], quality, costs, [0.02]) == 1.0
    assert lambda_for([np.inf], quality, costs, [0.02], least=0.5) == 0.5


def test_a_budget_that_cannot_be_kept_says_so():
    quality, costs = many()
    with pytest.raises(BudgetError, match="cannot be met"):
        lambda_for(1e-6, quality, costs, [0.02])


def test_only_the_limited_dimension_must_keep_to_its_limit():
    n = 200
    rng = np.random.default_rng(0)
    costs = np.stack([np.sort(rng.random((n, 3)), axis=1), rng.random((n, 3))], axis=2)
    quality = rng.random((n, 3))
    lam = lambda_for([0.4, np.inf], quality, costs, [0.1, 0.1])
    index = select(quality, costs, [0.1, 0.1], lam=lam).index
    assert costs[np.arange(n), index, 0].mean() <= 0.4


def test_the_cheapest_that_succeeds_often_enough():
    shares, price = [[0.2, 0.8, 0.9], [0.2, 0.3, 0.4], [0.7, 0.8, 0.9]], [[1, 2, 3]] * 3
    assert cheapest_passing(shares, price, 0.7).tolist() == [1, 2, 0]
    assert cheapest_passing(shares[0], price[0], 0.7, allowed=[True, False, True]) == 2
