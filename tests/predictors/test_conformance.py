"""What holds of every predictor. A new one is found by its registry and held to the same."""

import inspect
import re
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors.base import PREDICTORS, How, Predictor, Uses, When
from dynamicrag.predictors.estimate import UNKNOWN
from dynamicrag.predictors.online import Learner
from dynamicrag.predictors.state import State
from tests.predictors.tables import table

NAMES = list(PREDICTORS)
SMALL = {
    "forest": {"trees": 10},
    "mlp": {"members": 2, "epochs": 5},
    "auto": {"of": ["best_single", "linear", {"knn": {"k": 5}}], "folds": 3},
    "blend": {"of": ["best_single", "linear", {"forest": {"trees": 5}}]},
    "pilot": {"cosine": False},  # a cosine is no quality
}
every = pytest.mark.parametrize("name", NAMES)
growing = pytest.mark.parametrize("name", [n for n in NAMES if PREDICTORS[n].grows])
others = pytest.mark.parametrize("name", [n for n in NAMES if not PREDICTORS[n].grows])
online = pytest.mark.parametrize("name", [n for n in NAMES if PREDICTORS[n].online])
offline = pytest.mark.parametrize("name", [n for n in NAMES if not PREDICTORS[n].online])


def build(name, **params):
    return PREDICTORS.build({name: SMALL.get(name, {}) | params}, "tests")


def fitted(name, **params):
    return build(name, **params).fit(*table())


def equal(one, two, tolerance=1e-9):
    assert np.allclose(one.mean, two.mean, atol=tolerance, rtol=0)
    assert (one.spread is None) == (two.spread is None)
    if one.spread is not None:
        assert np.allclose(one.spread, two.spread, atol=tolerance, rtol=0)


def sound(estimate, n, k):
    assert estimate.mean.shape == (n, k)
    assert np.isfinite(estimate.mean).all()
    if estimate.spread is not None:
        assert estimate.spread.shape == (n, k)
        assert np.isfinite(estimate.spread).all()
        assert (estimate.spread >= 0).all()


def test_the_registry_holds_these():
    assert {
        "random",
        "fixed",
        "cheapest",
        "best_single",
        "knn",
        "kmeans",
        "linear",
        "logistic",
        "forest",
    } <= set(NAMES)
    assert {"kernel", "mlp", "matrix_factorization", "auto", "blend"} <= set(NAMES)


def test_importing_all_of_them_is_light():
    code = (
        "import sys; from dynamicrag.predictors.base import PREDICTORS; list(PREDICTORS)\n"
        "heavy = {'langgraph', 'torch', 'codecarbon', 'sklearn', 'scipy'}\n"
        "sys.stdout.write(' '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


@every
def test_it_says_what_it_is(name):
    cls = PREDICTORS[name]
    doc = inspect.getdoc(cls)
    assert doc
    assert doc != inspect.getdoc(Predictor)
    assert doc.split("\n\n")[0].rstrip().endswith("."), "the idea is a sentence of its own"
    assert re.search(r"et al\.|arXiv|\b(19|20)\d\d\b", doc), "the docstring names its paper"
    assert re.search(r"\b(19|20)\d\d\b", cls.paper)
    assert set(cls.when) <= set(get_args(When))
    assert set(cls.uses) <= set(get_args(Uses))
    assert cls.how in get_args(How)
    assert cls.online == ("online" in cls.when) == (cls._learn is not Predictor._learn)
    assert cls.grows == (cls._grow is not Predictor._grow)


@every
def test_hyperparameters_are_keywords_and_attributes(name):
    parameters = inspect.signature(PREDICTORS[name]).parameters
    assert "seed" in parameters
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())
    assert build(name).params().keys() == parameters.keys()


@every
@pytest.mark.parametrize("k", [1, 2, 5])
def test_shapes(name, k):
    X, quality = table(k=k)
    predictor = build(name).fit(X, quality)
    assert (predictor.options, predictor.features) == (k, X.shape[1])
    sound(predictor.predict(X), len(X), k)
    sound(predictor.predict(X[:1]), 1, k)


@every
def test_families_of_features(name):
    X, quality = table()
    predictor = build(name).fit(X, quality, blocks=[2, 0, 3])
    assert predictor.blocks == [2, 3]
    sound(predictor.predict(X), len(X), 3)
    again = Predictor.from_state(predictor.state())
    assert again.blocks == [2, 3]
    equal(again.predict(X), predictor.predict(X), 0)


@every
def test_it_changes_nothing_it_is_given_and_repeats_itself(name):
    X, quality = table()
    cost = np.ones((*quality.shape, 2))
    for array in (X, quality, cost):
        array.setflags(write=False)
    predictor = build(name).fit(X, quality, cost, groups=np.arange(len(X)) // 2)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - that nobody touches it is the point
    equal(predictor.predict(X), predictor.predict(X), 0)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    alone = predictor.predict(X[3:4])
    assert np.allclose(alone.mean, predictor.predict(X).mean[3:4], atol=1e-5)


@every
def test_the_seed_decides(name):
    X, _ = table()
    equal(fitted(name, seed=3).predict(X), fitted(name, seed=3).predict(X), 0)


@every
@pytest.mark.parametrize("share", [0.4, 0.66])
def test_what_was_not_observed(name, share):
    X, quality = table(k=3)
    quality[np.random.default_rng(1).random(quality.shape) < share] = np.nan
    sound(build(name).fit(X, quality).predict(X), len(X), 3)


@every
def test_one_observation_a_query_as_in_a_log(name):
    X, quality = table(k=3)
    logged = np.full_like(quality, np.nan)
    taken = np.random.default_rng(1).integers(3, size=len(X))
    logged[np.arange(len(X)), taken] = quality[np.arange(len(X)), taken]
    sound(build(name).fit(X, logged).predict(X), len(X), 3)


@every
def test_an_option_that_was_never_observed_is_as_good_as_the_others_and_uncertain(name):
    X, quality = table(k=3)
    quality[:, 0] = np.nan
    estimate = build(name).fit(X, quality).predict(X)
    sound(estimate, len(X), 3)
    assert np.allclose(estimate.mean[:, 0], estimate.mean[:, 1:].mean(axis=1))
    if issubclass(PREDICTORS[name], Learner):
        assert estimate.spread is None or (estimate.spread[:, :1] >= estimate.spread[:, 1:]).all()
    elif estimate.spread is not None:
        assert (estimate.spread[:, 0] == UNKNOWN).all()


@every
def test_save_and_load(name, tmp_path):
    X, quality = table()
    quality[::3, 1] = np.nan
    predictor = build(name).fit(X, quality)
    path = predictor.state().save(tmp_path / "routers" / "generator")
    again = Predictor.load(path)
    assert type(again) is type(predictor)
    assert again.params() == predictor.params()
    equal(again.predict(X), predictor.predict(X), 0)
    equal(Predictor.load(again.state().save(tmp_path / "b.npz")).predict(X), predictor.predict(X), 0)


@every
def test_a_state_that_lacks_a_part_is_refused(name):
    state = fitted(name).state()
    with pytest.raises(PolicyError, match="no whole state of a predictor"):
        Predictor.from_state(State(state.meta, {}), "there")


@every
def test_one_query(name):
    X, quality = table(n=1)
    predictor = build(name).fit(X, quality)
    estimate = predictor.predict(table()[0])
    sound(estimate, 160, 3)


@every
@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_few_queries(name, n):
    X, quality = table(n=n)
    sound(build(name).fit(X, quality).predict(X), n, 3)


@every
def test_one_feature_and_one_that_never_varies(name):
    X, quality = table(d=2)
    X[:, 1] = 7.0
    sound(build(name).fit(X[:, :1], quality).predict(X[:, :1]), len(X), 3)
    sound(build(name).fit(X[:, 1:], quality).predict(X[:, 1:]), len(X), 3)
    sound(build(name).fit(X, quality).predict(X + 1), len(X), 3)


@every
def test_queries_unlike_any_other(name):
    estimate = fitted(name).predict(np.array([[1e9, -1e9, 1e6, 0.0, -1e12]]))
    sound(estimate, 1, 3)
    assert (np.abs(estimate.mean) < 10).all()


@every
@pytest.mark.parametrize("holes", [False, True])
def test_the_order_of_the_options_is_only_an_order(name, holes):
    if PREDICTORS[name].positional:
        pytest.skip("its estimates belong to places in the list")
    X, quality = table(k=4)
    if holes:
        quality[np.random.default_rng(2).random(quality.shape) < 0.3] = np.nan
    order = [2, 0, 3, 1]
    one, two = build(name).fit(X, quality), build(name).fit(X, quality[:, order])
    assert np.allclose(one.predict(X).mean[:, order], two.predict(X).mean, atol=1e-9)


@every
@pytest.mark.parametrize("value", [0.0, 0.7, 1.0])
def test_constant_quality(name, value):
    X, quality = table()
    estimate = build(name).fit(X, np.full_like(quality, value)).predict(X)
    sound(estimate, len(X), 3)
    if not PREDICTORS[name].positional:
        assert np.allclose(estimate.mean, value, atol=0.01)


@every
def test_bad_input_is_refused(name):
    X, quality = table()
    cost = np.ones((*quality.shape, 2))
    bad = X.copy()
    bad[3, 1] = np.inf
    endless = quality.copy()
    endless[0, 0] = -np.inf
    for arguments, message in [
        ((bad, quality), "finite"),
        ((X[:, 0], quality), "queries by features"),
        ((X, endless), "infinite outcomes"),
        ((X, quality[:-1]), "160 queries by options"),
        ((X, np.full_like(quality, np.nan)), "nothing to learn from"),
        ((X[:0], quality[:0]), "queries by features"),
        ((X, quality, cost[:, :-1]), "by dimensions"),
        ((X, quality, cost * np.inf), "infinite costs"),
        ((X, quality, cost, [1, 2]), "labels"),
        ((X, quality, cost, None, [2, 2]), "sizes that sum to 5"),
        ((X, quality, cost, None, [6, -1]), "sizes that sum to 5"),
    ]:
        with pytest.raises(InputError, match=message):
            build(name).fit(*arguments)
    predictor = fitted(name)
    with pytest.raises(InputError, match="trained on 5 features a query, got 4"):
        predictor.predict(X[:, 1:])
    with pytest.raises(InputError, match="finite"):
        predictor.predict(bad)


@every
def test_an_untrained_one_says_so(name):
    for ask in (lambda p: p.predict([[1.0]]), lambda p: p.state()):
        with pytest.raises(PolicyError, match="not trained"):
            ask(build(name))


@growing
def test_a_new_option_leaves_the_others_as_they_were(name):
    X, _ = table()
    predictor = fitted(name)
    before = predictor.predict(X)
    predictor.add_option()
    grown = predictor.predict(X)
    sound(grown, len(X), 4)
    assert np.allclose(grown.mean[:, :3], before.mean)
    assert np.allclose(grown.mean[:, 3], before.mean.mean(axis=1))
    known = predictor.at_anchors(X, np.full(len(X), 0.9))
    assert known.shape == (predictor.anchors,)
    assert np.allclose(known, 0.9), "what it was trained on speaks for every anchor"
    assert np.isnan(predictor.at_anchors(X, np.full(len(X), np.nan))).all()
    predictor.add_option(known)
    twice = predictor.predict(X)
    sound(twice, len(X), 5)
    assert np.allclose(twice.mean[:, :3], before.mean)
    equal(Predictor.from_state(predictor.state()).predict(X), twice, 0)
    with pytest.raises(InputError, match="quality: expected"):
        predictor.add_option(np.ones(predictor.anchors + 1))
    with pytest.raises(InputError, match="infinite"):
        predictor.add_option(np.full(predictor.anchors, np.inf))
    with pytest.raises(InputError, match="quality: expected"):
        predictor.at_anchors(X, np.ones(len(X) + 1))


@growing
def test_an_option_that_leaves_takes_its_estimates_along(name):
    X, quality = table(k=4)
    predictor = build(name).fit(X, quality)
    before = predictor.predict(X)
    predictor.add_option()
    predictor.remove_option(1)
    after = predictor.predict(X)
    sound(after, len(X), 4)
    if not PREDICTORS[name].positional:
        assert np.allclose(after.mean[:, :3], before.mean[:, [0, 2, 3]])
    equal(Predictor.from_state(predictor.state()).predict(X), after, 0)
    known = predictor.at_anchors(X, np.full(len(X), 0.9))
    predictor.add_option(known)
    predictor.remove_option(3)
    sound(predictor.predict(X), len(X), 4)
    if predictor.online:
        for _ in range(30):
            predictor.learn(X[0], 2, 0.0)
        assert predictor.predict(X[:1]).mean[0, 2] < after.mean[0, 2]
    with pytest.raises(InputError, match="option: expected 0 to 3, got 4"):
        predictor.remove_option(4)
    with pytest.raises(InputError, match="option: expected 0 to 3, got -1"):
        predictor.remove_option(-1)


@growing
def test_the_last_option_with_an_observation_stays(name):
    X, quality = table(k=1)
    predictor = build(name).fit(X, quality)
    with pytest.raises(InputError, match="only option with an observation"):
        predictor.remove_option(0)


@others
def test_one_that_cannot_take_new_options_says_who_can(name):
    predictor = fitted(name)
    X, quality = table()
    for grow in (
        predictor.add_option,
        lambda: predictor.remove_option(0),
        lambda: predictor.at_anchors(X, quality[:, 0]),
    ):
        with pytest.raises(PolicyError, match=r"train the router again.*kmeans, knn"):
            grow()


@online
def test_learning_online(name):
    X, _ = table()
    predictor = fitted(name)
    kept = predictor.state()
    before = predictor.predict(X[:1]).mean[0]
    for _ in range(200):
        predictor.learn(X[0], 2, 1.0)
    after = predictor.predict(X[:1])
    sound(after, 1, 3)
    assert after.mean[0, 2] > before[2] + 0.2
    assert np.allclose(Predictor.from_state(kept).predict(X[:1]).mean[0], before), "a state stays what it was"
    predictor.add_option()
    predictor.learn(X[0], 3, 0.25)  # the first that is heard of it
    sound(predictor.predict(X), len(X), 4)
    with pytest.raises(InputError, match="0 to 3"):
        predictor.learn(X[0], 4, 1.0)
    with pytest.raises(InputError, match="finite"):
        predictor.learn(X[0], 0, np.nan)
    if not predictor.weighs:
        with pytest.raises(PolicyError, match="learns neither from weighted rewards"):
            predictor.learn(X[0], 0, 1.0, 0.5)


@offline
def test_one_that_does_not_learn_online_says_who_does(name):
    X, _ = table()
    with pytest.raises(PolicyError, match=r"does not learn online.*kmeans, knn"):
        fitted(name).learn(X[0], 0, 1.0)
