"""Behaviour of every learner; a new one is found by its registry."""

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.exploration import Exploration
from dynamicrag.predictors.online import Learner
from dynamicrag.predictors.selection import select
from dynamicrag.predictors.state import State

NAMES = [name for name in PREDICTORS if issubclass(PREDICTORS[name], Learner)]
PARAMS = {"pilot": {"cosine": False}, "greenserv": {"tasks": [0, 1], "flesch": 2, "clusters": 3}}
D, K = 5, 3
every = pytest.mark.parametrize("name", NAMES)


def build(name, **params):
    return PREDICTORS.build({name: PARAMS.get(name, {}) | params}, "tests")


def rewards(n=40, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, D))
    return [(x, int(rng.integers(K)), float(rng.random())) for x in X]


def taught(name, given, **params):
    learner = build(name, **params).start(D, K)
    for x, option, reward in given:
        learner.learn(x, option, reward)
    return learner


def close(one, two, X, tolerance=1e-9):
    first, second = one.predict(X), two.predict(X)
    return np.allclose(first.mean, second.mean, atol=tolerance) and np.allclose(
        first.spread, second.spread, atol=tolerance
    )


X = np.array([x for x, _, _ in rewards(20, seed=9)])


def test_the_registry_holds_these():
    assert {"epsilon_greedy", "linucb", "thompson", "pilot", "greenserv", "bandit_thresholds"} <= set(NAMES)


@every
@pytest.mark.parametrize("k", [1, 2, 6])
def test_without_any_reward_all_options_are_at_the_prior(name, k):
    learner = build(name).start(D, k)
    assert (learner.features, learner.options) == (D, k)
    estimate = learner.predict(X)
    assert estimate.mean.shape == estimate.spread.shape == (len(X), k)
    assert (estimate.mean == 0).all()
    assert (estimate.spread > 0).all()
    assert learner.exploration != Exploration()


@every
def test_an_impossible_start_is_refused(name):
    with pytest.raises(InputError, match="features: expected 1 or more"):
        build(name).start(0, 3)
    with pytest.raises(InputError, match="options: expected 1 or more"):
        build(name).start(5, 0)


@every
def test_rewards_move_the_estimate_of_their_option(name):
    learner = build(name).start(D, K)
    before = learner.predict(X[:1])
    for _ in range(50):
        learner.learn(X[0], 1, 0.8)
    after = learner.predict(X[:1])
    assert after.mean[0, 1] == pytest.approx(0.8, abs=0.1)
    assert after.mean[0, 0] == before.mean[0, 0]
    assert after.spread[0, 1] < before.spread[0, 1] / 2


@every
def test_a_state_continues_where_it_was_saved(name, tmp_path):
    first, rest = rewards()[:25], rewards()[25:]
    whole = taught(name, first + rest)
    half = taught(name, first)
    loaded = Predictor.load(half.state().save(tmp_path / "learner"))
    assert isinstance(loaded, Learner)
    assert Predictor.from_state(State.from_bytes(half.state().to_bytes())).params() == half.params()
    assert close(loaded, half, X)
    assert loaded.exploration == half.exploration
    for x, option, reward in rest:
        loaded.learn(x, option, reward)
    assert close(loaded, whole, X)
    assert loaded.exploration == whole.exploration


@every
def test_a_state_of_other_features_or_options_is_refused(name):
    state = taught(name, rewards()).state()
    broken = [
        State({**state.meta, "columns": [0, 1, 2, 3]}, state.arrays),
        State(
            state.meta, {key: array[..., :0] if array.ndim else array for key, array in state.arrays.items()}
        ),
        State(state.meta, {key: array * np.nan for key, array in state.arrays.items()}),
    ]
    if name != "epsilon_greedy":  # it looks at no feature
        broken.append(State({**state.meta, "features": D + 1}, state.arrays))
    for each in broken:
        with np.errstate(invalid="ignore"), pytest.raises(PolicyError, match="there: this is no whole state"):
            Predictor.from_state(each, "there")


@every
def test_the_order_of_rewards_matters_only_where_the_state_is_no_sum(name):
    given = rewards()
    one, two = taught(name, given), taught(name, given[::-1])
    assert close(one, two, X) == (name != "greenserv")  # its centres move


@pytest.mark.parametrize("name", ["linucb", "thompson", "bandit_thresholds"])
def test_a_discount_makes_the_order_matter(name):
    given = rewards()
    one, two = taught(name, given, discount=0.9), taught(name, given[::-1], discount=0.9)
    assert not close(one, two, X)


@every
def test_the_seed_and_other_learners_change_nothing(name):
    given = rewards()
    assert close(taught(name, given, seed=1), taught(name, given, seed=2), X, 0)


@every
def test_a_weight_counts_as_that_many_rewards(name):
    one, two = build(name).start(D, K), build(name).start(D, K)
    one.learn(X[0], 1, 0.7, 2.0)
    for _ in range(2):
        two.learn(X[0], 1, 0.7)
    assert close(one, two, X)
    assert one.exploration == two.exploration


@every
def test_options_join_and_leave(name):
    given = rewards()
    learner = taught(name, given)
    before = learner.predict(X)
    learner.add_option()
    joined = learner.predict(X)
    assert np.allclose(joined.mean[:, :K], before.mean)
    assert np.allclose(joined.mean[:, K], before.mean.mean(axis=1))
    assert (joined.spread[:, K:] >= joined.spread[:, :K]).all()
    learner.learn(X[0], K, 1.0)
    learner.remove_option(1)
    after = learner.predict(X)
    assert learner.options == K
    assert np.allclose(after.mean[:, :2], before.mean[:, [0, 2]])
    held = learner.predict(X[:1]).mean[0]
    for _ in range(20):
        learner.learn(X[0], 2, 0.5)
    moved = learner.predict(X[:1]).mean[0]
    assert moved[2] != held[2]
    assert (moved[:2] == held[:2]).all()
    assert close(Predictor.from_state(learner.state()), learner, X)
    learner.add_option([0.6])
    assert np.allclose(learner.predict(X).mean[:, 3], 0.6)
    for _ in range(3):
        learner.remove_option(0)
    with pytest.raises(InputError, match="only option with an observation"):
        learner.remove_option(0)
    with pytest.raises(InputError, match="expected 0 to 0, got 1"):
        learner.remove_option(1)


@every
def test_bad_rewards_change_nothing(name):
    learner = taught(name, rewards())
    before = learner.state().to_bytes()
    for arguments, message in [
        ((X[0], 0, np.nan), "reward: expected a finite number"),
        ((X[0], 0, np.inf), "reward: expected a finite number"),
        ((X[0], K, 1.0), "option: expected 0 to 2"),
        ((X[0][1:], 0, 1.0), "trained on 5 features"),
        ((X[0] * np.nan, 0, 1.0), "finite"),
        ((X[0], 0, 1.0, 0.0), "weight: expected a number above 0"),
        ((X[0], 0, 1.0, np.nan), "weight: expected a number above 0"),
    ]:
        with pytest.raises(InputError, match=message):
            learner.learn(*arguments)
    for arguments, message in [
        ((X[0], 0, 0, 1.0), "two different options"),
        ((X[0], 0, K, 1.0), "option: expected 0 to 2"),
        ((X[0], 0, 1, 1.5), "y: expected a number from 0"),
        ((X[0], 0, 1, np.nan), "y: expected a number from 0"),
        ((X[0], 0, 1, 1.0, -1.0), "weight"),
        ((X[0][1:], 0, 1, 1.0), "trained on 5 features"),
    ]:
        with pytest.raises(InputError, match=message):
            learner.learn_pair(*arguments)
    assert learner.state().to_bytes() == before


@every
def test_one_option_alone_learns_and_is_chosen(name):
    learner = build(name).start(D, 1)
    rng = np.random.default_rng(0)
    for x, _, reward in rewards():
        estimate = learner.predict(x[None])
        chosen = select(
            estimate.mean[0], [[0.1]], [1.0], spread=estimate.spread[0], explore=learner.exploration, rng=rng
        )
        assert (chosen.index, chosen.propensity) == (0, 1.0)
        learner.learn(x, 0, reward)


@every
def test_a_table_is_a_warm_start(name):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(300, D))
    quality = np.clip(0.5 + 0.2 * Z[:, :K] + 0.05 * rng.normal(size=(300, K)), 0, 1)
    holed = np.where(rng.random(quality.shape) < 0.3, np.nan, quality)
    learner = build(name).fit(Z, holed)
    error = np.abs(learner.predict(Z).mean - quality).mean()
    level = np.abs(quality.mean(axis=0) - quality).mean()
    assert error < level * (1.001 if name in ("epsilon_greedy", "greenserv") else 0.6)
    before = learner.predict(Z[:1]).mean[0, 1]
    for _ in range(300):
        learner.learn(Z[0], 1, before - 0.3)
    assert learner.predict(Z[:1]).mean[0, 1] < before - 0.1


@pytest.mark.parametrize("name", ["linucb", "thompson", "bandit_thresholds"])
def test_after_a_table_the_estimate_is_that_of_a_ridge_regression(name):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(80, D)) * [1, 2, 3, 4, 5] + 7
    quality = rng.random((80, K))
    scaled = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    learner = build(name).fit(Z, quality)
    centred = quality - quality.mean(axis=0)
    wanted = quality.mean(axis=0) + scaled @ np.linalg.solve(
        scaled.T @ scaled + np.eye(D), scaled.T @ centred
    )
    assert np.allclose(learner.predict(Z).mean, wanted)
    learner.learn(Z[3], 0, 0.4)
    rows = np.insert(np.vstack([scaled, scaled[3]]), 0, 1.0, axis=1)
    level = quality[:, 0].mean()
    own = np.append(quality[:, 0], 0.4) - level
    weights = np.linalg.solve(rows.T @ rows + np.eye(D + 1), rows.T @ own)
    assert np.allclose(learner.predict(Z).mean[:, 0], level + rows[:80] @ weights)
    assert np.allclose(learner.predict(Z).mean[:, 1], wanted[:, 1])


@every
def test_regret_is_well_below_that_of_chance(name):
    rng = np.random.default_rng(3)
    weights = np.array([[0.5, 0.3, 0.0], [0.5, -0.3, 0.0], [0.2, 0.0, 0.0]])
    if name == "epsilon_greedy":
        weights[:, 1] = 0.0, 0.1, 0.0
    params = {"tasks": [], "flesch": None, "clusters": 9} if name == "greenserv" else {}
    learner = build(name, **params).start(3, K)
    regret, steps = [], 800
    for _ in range(steps):
        x = np.array([1.0, rng.uniform(-1, 1), rng.uniform(-1, 1)])
        truth = weights @ x
        estimate = learner.predict(x[None])
        option = int(
            select(
                estimate.mean[0], np.zeros((K, 1)), [1.0], spread=estimate.spread[0],
                explore=learner.exploration, rng=rng,
            ).index
        )  # fmt: skip
        learner.learn(x, option, truth[option] + 0.1 * rng.normal())
        regret.append((truth.max() - truth[option], truth.max() - truth.mean()))
    own, chance = np.array(regret)[steps // 2 :].sum(axis=0)
    assert own < 0.35 * chance
