"""Exploration in a policy's words."""

from pathlib import Path

import pytest

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.exploration import Exploration
from dynamicrag.routers.base import ROUTERS
from dynamicrag.routers.build import build_router
from dynamicrag.routers.draws import FIELDS, Explore
from dynamicrag.routers.estimator import Estimator


@pytest.fixture
def folder(tmp_path):
    for name in ("best_single", "cheapest"):
        Estimator.fit(
            [Seen(f"Question {i}?", {}) for i in range(4)],
            [[0.5, 0.6]] * 4,
            ["small", "large"],
            features=FeatureSet(["lexical"]),
            predictor=PREDICTORS.build(name, "t"),
        ).state().save(tmp_path / name)
    return tmp_path


def build(folder, name, explore):
    spec = {name: {"state": name, "explore": explore}}
    return build_router(spec, "stages.generator.router", Dependencies(folder=folder))


def test_every_field_of_exploration_is_a_key_of_a_policy():
    assert (*Exploration.__dataclass_fields__, "seed") == FIELDS
    assert Explore(optimism=0.5, extra=0.1, seed=3) == Explore(0.0, 0.0, 0.5, False, 0.1, 3)


def test_a_trained_router_explores_by_its_spread(folder):
    router = build(folder, "best_single", {"sample": True, "epsilon": 0.1, "extra": 0.2})
    assert router.explore == Explore(sample=True, epsilon=0.1, extra=0.2)


@pytest.mark.parametrize(
    ("name", "explore", "message"),
    [
        ("best_single", 3, "explore: expected {epsilon, temperature, optimism, sample, extra, seed}, got 3"),
        ("best_single", {"optimizm": 1}, "unknown parameter 'optimizm'; did you mean 'optimism'"),
        ("best_single", {"optimism": -1}, "explore: optimism: expected a number of 0 or more"),
        ("best_single", {"extra": -1}, "explore: extra: expected a number of 0 or more"),
        ("best_single", {"sample": True, "optimism": 1}, "explore: sample: excludes 'optimism'"),
        ("best_single", {"sample": "often"}, r"explore\.sample: .*bool.*, got 'often'"),
        ("cheapest", {"optimism": 1}, r"explore\.optimism: 'cheapest' does not know how uncertain"),
        ("cheapest", {"sample": True}, r"explore\.sample: 'cheapest' does not know how uncertain"),
    ],
)
def test_impossible_exploration_names_its_place(folder, name, explore, message):
    with pytest.raises(PolicyError, match=message.replace("{", r"\{").replace("}", r"\}")) as caught:
        build(folder, name, explore)
    assert str(caught.value).startswith(f"stages.generator.router.{name}")


def test_the_prior_has_no_spread_of_drafts():
    deps = Dependencies(folder=Path())
    optimistic = ROUTERS.build({"prior": {"explore": {"optimism": 1}}}, "router", deps)
    optimistic.check("retrieval", [], "stages.retrieval.router")
    with pytest.raises(PolicyError, match=r"^stages\.verification\.router\.prior\.explore: .*epsilon"):
        optimistic.check("verification", [], "stages.verification.router")
    ROUTERS.build({"prior": {"explore": {"epsilon": 0.1}}}, "router", deps).check("verification", [], "r")
