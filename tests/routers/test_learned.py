"""Trained predictors as routers. The table: the large model is right more often, at ten times the joules."""

from collections import Counter

import numpy as np
import pytest

from dynamicrag.cost.vector import Cost
from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.routers.build import build_router
from dynamicrag.routers.estimator import About, Estimator
from dynamicrag.types import Option

from .test_routers import context

OPTIONS = (Option("small"), Option("large"))
EASY, HARD = "Who opened the bridge?", "What is 3 times 4 plus 5?"


@pytest.fixture
def saved(tmp_path):
    queries = [Seen(f"{EASY} {i}" if i % 2 else HARD + "?" * i) for i in range(40)]
    quality = np.array([[float(i % 2), 1.0] for i in range(40)])
    estimator = Estimator.fit(
        queries, quality, ["small", "large"],
        features=FeatureSet(["lexical"]), predictor=PREDICTORS.build({"knn": {"k": 5}}, "t"),
        about=About(stage="generator", quality=[0.5, 1.0], costs={"joules": [10.0, 100.0]}),
    )  # fmt: skip
    estimator.state().save(tmp_path / "generator.npz")
    return tmp_path


def build(folder, *, weights=None, spec=None):
    given = Dependencies(folder=folder, weights=weights or {})
    return build_router({"knn": {"state": "generator", **(spec or {})}}, "stages.generator.router", given)


def asked(question, **more):
    given = context(question, options=OPTIONS, **more)
    expected = [Cost({("joules", "modelled"): joules}) for joules in (10.0, 100.0)]
    return type(given)(**{name: getattr(given, name) for name in given.__slots__} | {"expected": expected})


async def test_it_takes_what_is_predicted_to_be_best_less_what_it_costs(saved):
    free, weighed = build(saved), build(saved, weights={"joules": 0.001})
    assert (await free.choose(asked(HARD))).index == 1
    assert (await weighed.choose(asked(HARD))).index == 1  # .9 better, for .09
    easy = await weighed.choose(asked(EASY))
    assert easy.index == 0
    assert easy.reason == "estimated 1.00 less 0.01 for its cost, against 1.00 less 0.10 for large"
    assert easy.quality == pytest.approx([1.0, 1.0], abs=0.05)
    assert len(easy.spread) == 2
    dear = build(saved, weights={"joules": 1.0})
    assert (await dear.choose(asked(HARD))).index == 0


async def test_the_cheapest_that_passes_is_taken_and_else_the_best(saved):
    passing = build(saved, weights={"joules": 0.001}, spec={"passing": 0.7})
    easy = await passing.choose(asked(EASY))
    assert (easy.index, easy.propensity) == (0, 1.0)
    assert easy.reason == "the cheapest that is predicted to reach 0.70: 1.00"
    dear = build(saved, weights={"joules": 1.0}, spec={"passing": 0.7})
    assert (await dear.choose(asked(HARD))).index == 1, "what it costs beside its quality does not count"
    closed = await passing.choose(asked(HARD, allowed=[True, False]))
    assert closed.index == 0
    assert closed.reason.startswith("none is predicted to reach 0.70: the best, 0.0")
    assert passing.planned("generator", OPTIONS) == 1
    assert build(saved, spec={"passing": 0.5}).planned("generator", OPTIONS) == 0


async def test_closed_options_are_not_taken(saved):
    choice = await build(saved).choose(asked(HARD, allowed=[True, False]))
    assert choice.index == 0
    assert choice.reason.endswith("nothing else is open")


async def test_it_explores_with_the_propensity_that_it_states(saved):
    router = build(saved, weights={"joules": 0.001}, spec={"explore": {"epsilon": 0.5}})
    choices = [await router.choose(asked(EASY, id=f"q{i}")) for i in range(400)]
    share = Counter(choice.index for choice in choices)
    assert share[1] / 400 == pytest.approx(0.25, abs=0.07)
    assert {(c.index, round(c.propensity, 2)) for c in choices} == {(0, 0.75), (1, 0.25)}
    again = [await router.choose(asked(EASY, id=f"q{i}")) for i in range(400)]
    assert [c.index for c in choices] == [c.index for c in again]


def test_the_plan_reckons_with_the_option_that_is_best_on_average(saved):
    assert build(saved).planned("generator", OPTIONS) == 1
    assert build(saved, weights={"joules": 0.01}).planned("generator", OPTIONS) == 0


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"knn": {}}, r"stages\.generator\.router\.knn: 'state' is missing.*dynamicrag train"),
        ({"knn": {"state": "nowhere"}}, "no trained router is here"),
        ({"forest": {"state": "generator"}}, "holds a trained 'knn'"),
        ({"knn": {"state": "generator", "k": 7}}, "trained with 5, not with 7"),
        ({"knn": {"state": "generator", "kk": 7}}, "unknown parameter 'kk'"),
        ({"knn": {"state": "generator", "features": ["tfidf"]}}, r"trained with \['lexical'\]"),
        (
            {"knn": {"state": "generator", "explore": {"epsilon": 2}}},
            "epsilon: expected a number from 0 to 1",
        ),
        ({"knn": {"state": "generator", "passing": 70}}, r"knn\.passing: expected a quality from 0 to 1"),
        (
            {"knn": {"state": "generator", "passing": 0.7, "explore": {}}},
            "'passing' excludes 'explore'",
        ),
        ({"knm": {"state": "generator"}}, "unknown router 'knm'; did you mean 'knn'"),
    ],
)
def test_a_router_that_does_not_fit_is_told(saved, spec, told):
    with pytest.raises(PolicyError, match=told):
        build_router(spec, "stages.generator.router", Dependencies(folder=saved))


def test_other_options_or_another_stage_are_refused_and_fewer_are_not(saved):
    router = build(saved)
    router.check("generator", OPTIONS[:1], "r")
    with pytest.raises(PolicyError, match="trained for the stage 'generator', not for 'context'"):
        router.check("context", OPTIONS, "r")
    with pytest.raises(PolicyError, match=r"unknown option 'medium'.*trained on other options: add it"):
        router.check("generator", [*OPTIONS, Option("medium")], "r")


def test_an_edited_file_is_refused(saved):
    with np.load(saved / "generator.npz") as held:
        arrays = dict(held)
    edited = max(
        (name for name in arrays if arrays[name].dtype.kind == "f"), key=lambda name: arrays[name].size
    )
    arrays[edited].flat[0] += 1
    np.savez(saved / "generator.npz", **arrays)
    with pytest.raises(PolicyError, match="changed after it was written"):
        build(saved)
    (saved / "generator.npz").write_bytes((saved / "generator.npz").read_bytes()[:-100])
    with pytest.raises(PolicyError, match="damaged"):
        build(saved)
