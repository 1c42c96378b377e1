"""A joint router. The table: where the best passage matches, the small model is as good as the large."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import Cost
from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.routers.build import build_joint
from dynamicrag.routers.estimator import About
from dynamicrag.routers.paths import PathEstimator
from dynamicrag.types import Option

from .test_routers import context

PATHS = {
    "none/small": {"retrieval": "none", "prompt": "direct", "generator": "small"},
    "single/small": {"retrieval": "single", "context": "short", "prompt": "direct", "generator": "small"},
    "single/large": {"retrieval": "single", "context": "short", "prompt": "direct", "generator": "large"},
}
PRICES = {"none/small": 5.0, "single/small": 30.0, "single/large": 100.0}
GREETINGS = ("Hello there, friend!", "Hello again, friend!", "Good evening, friend!", "Welcome back, friend!")
GREETING, QUESTION = GREETINGS[0], "Who opened the bridge of the town?"
RETRIEVAL = tuple(Option(name) for name in ("none", "single"))
MODELS = tuple(Option(name) for name in ("small", "large"))


def table(rows=90):
    """Greetings need nothing; of three questions one has a passage that matches."""
    queries, quality = [], []
    for i in range(rows):
        if i % 3 == 0:
            queries.append(Seen(GREETINGS[i % len(GREETINGS)], {"matched": 0.1}))
            quality.append([1.0, 1.0, 1.0])
        else:
            found = float(i % 9 in (1, 2, 4))
            queries.append(Seen(f"{QUESTION} {i}?", {"matched": found}))
            quality.append([0.0, found, 0.9])
    return queries, np.array(quality)


def fitted(*, features=("lexical", "retrieval"), paths=PATHS, predictor="linear"):
    queries, quality = table()
    return PathEstimator.fit(
        queries, quality[:, : len(paths)], paths,
        features=lambda: FeatureSet(list(features)), predictor=lambda: PREDICTORS.build(predictor, "t"),
        about=About(quality=quality.mean(axis=0).tolist(), costs={"joules": list(PRICES.values())}),
    )  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    fitted().state().save(tmp_path / "joint")
    return tmp_path


def build(folder, *, weights=None, **spec):
    return build_joint(
        {"linear": {"state": "joint", **spec}}, "joint", Dependencies(folder=folder, weights=weights or {})
    )


def joules(path: Mapping[str, str]) -> Cost:
    name = f"{path['retrieval']}/{path.get('generator', 'small')}"
    return Cost({("joules", "modelled"): PRICES.get(name, 500.0)})


def decision_of(given, choice, features):
    return {
        "stage": given.stage, "options": [o.name for o in given.options], "allowed": list(given.allowed),
        "chosen": given.options[choice.index].name,
        "quality": list(choice.quality or [None] * len(given.options)),
        "expected": [
            dict.fromkeys(DIMENSIONS, 0.0) | {"joules": c["joules"]}
            for c in choice.expected or given.expected
        ],
        "features": features,
    }  # fmt: skip


def asked(question, *, stage="retrieval", left=None, price=joules, **more):
    options = RETRIEVAL if stage == "retrieval" else MODELS
    given = context(question, stage=stage, options=options, price=price, **more)
    return replace(given, left=left or {})


async def chosen(router, given):
    choice = await router.choose(given)
    return given.options[choice.index].name


async def test_it_takes_the_option_on_the_best_path(saved):
    router = build(saved, weights={"joules": 0.001})
    dear = build(saved, weights={"joules": 0.005})
    assert await chosen(dear, asked(GREETING)) == "none"
    assert await chosen(dear, asked(QUESTION)) == "single"
    choice = await router.choose(asked(QUESTION))
    assert choice.index == 1
    assert choice.reason.startswith("on the way to single/large: predicted 0.")
    assert choice.reason.endswith("less 0.10 for its cost")
    assert choice.quality[1] > 0.7
    assert choice.quality[0] < 0.3
    assert [cost["joules"] for cost in choice.expected] == [5.0, 100.0]


async def test_it_says_what_spoke_for_the_path_it_took(saved):
    router = build(saved, weights={"joules": 0.005})
    for question, stage, path, features, wanted, rival, feature in (
        (GREETING, "retrieval", {}, {}, "none", "single", "lexical:greeting"),
        (QUESTION, "generator", {"retrieval": "single"}, {"matched": 0.0}, "large", "small", "matched"),
    ):
        given = replace(asked(question, stage=stage, path=path), features=features)
        choice = await router.choose(given)
        decision = decision_of(given, choice, features)
        behind = router.explain(decision, question, path)
        assert (decision["chosen"], behind["rival"]) == (wanted, rival)
        assert any(e["feature"].endswith(feature) and e["effect"] > 0 for e in behind["effects"])
        assert behind["at_lambda"][-1]["option"] == given.options[0].name, (
            "the cheaper one, where cost is all"
        )


async def test_what_it_would_have_taken_is_told_where_an_option_is_on_no_path(saved):
    router = build(saved, weights={"joules": 0.005})
    path = {"retrieval": "none"}
    given = asked(QUESTION, stage="generator", path=path)
    choice = await router.choose(given)
    behind = router.explain(decision_of(given, choice, {}), QUESTION, path)
    assert behind["rival"] is None
    assert {step["option"] for step in behind["at_lambda"]} == {"small"}
    # nothing was predicted of anything, so there is nothing behind the plan
    lost = asked(QUESTION, stage="generator", path={"retrieval": "iterative"})
    planned = decision_of(lost, await router.choose(lost), {})
    assert router.explain(planned, QUESTION, {"retrieval": "iterative"}) == {}


async def test_it_says_how_far_the_best_paths_may_be_off(saved):
    router = build(saved, weights={"joules": 0.005})
    greeting = await router.choose(asked(GREETING))
    expected = router.estimator.estimate(Seen(GREETING)).spread[0]
    assert greeting.spread == pytest.approx(expected[[0, 1]])
    only = await router.choose(asked(QUESTION, stage="generator", path={"retrieval": "none"}))
    assert only.spread[1] is None


async def test_what_a_retrieval_brings_changes_the_plan(saved):
    router = build(saved, weights={"joules": 0.001})
    assert "single/large" in (await router.choose(asked(QUESTION))).reason
    path = {"retrieval": "single", "context": "short"}
    later = [
        await chosen(router, asked(QUESTION, stage="generator", path=path, signals={"matched": m}))
        for m in (0.0, 1.0)
    ]
    assert later == ["large", "small"]


async def test_a_plan_follows_what_is_decided_and_what_things_cost(saved):
    router = build(saved, weights={"joules": 0.001})
    # another way was taken than planned: it goes on from there
    given = asked(QUESTION, stage="generator", path={"retrieval": "none"})
    assert await chosen(router, given) == "small"
    # the passages are longer than foreseen
    dear = asked(
        QUESTION, price=lambda path: Cost({("joules", "modelled"): 9e3 * (path["retrieval"] != "none")})
    )
    assert await chosen(router, dear) == "none"


async def test_a_budget_closes_paths_and_not_only_options(saved):
    router = build(saved)
    choice = await router.choose(asked(QUESTION, left={"joules": 50.0}))
    assert "single/small" in choice.reason
    # where nothing fits, it does not matter any more
    assert "single/large" in (await router.choose(asked(QUESTION, left={"joules": 1.0}))).reason


async def test_where_no_path_goes_on_it_takes_the_planned_option_and_says_so(saved):
    router = build(saved)
    given = asked(QUESTION, stage="generator", path={"retrieval": "iterative"})
    choice = await router.choose(given)
    assert given.options[choice.index].name == "large"
    assert choice.reason.startswith("no trained path continues from here")
    assert choice.quality is None
    # an option that no path goes through has no quality
    none = await router.choose(asked(QUESTION, stage="generator", path={"retrieval": "none"}))
    assert none.quality[1] is None


async def test_stages_that_its_paths_do_not_vary_may_be_decided_otherwise(saved):
    router = build(saved)
    assert router.decides == ("retrieval", "generator")
    path = {"retrieval": "single", "context": "long", "prompt": "cot"}
    choice = await router.choose(asked(QUESTION, stage="generator", path=path, signals={"matched": 0.0}))
    assert "single/large" in choice.reason


async def test_an_escalation_is_decided_among_what_is_stronger(saved):
    router = build(saved)
    path = {"retrieval": "single", "generator": "small", "verification": "escalate:generator"}
    given = asked(QUESTION, stage="generator", path=path, allowed=[False, True], signals={"matched": 1.0})
    assert await chosen(router, given) == "large"


async def test_it_explores_with_the_propensity_that_it_states(saved):
    router = build(saved, explore={"epsilon": 0.5})
    choices = [await router.choose(asked(GREETING, id=f"q{i}")) for i in range(300)]
    assert {round(c.propensity, 2) for c in choices} == {0.25, 0.75}
    assert sum(c.propensity < 0.5 for c in choices) / 300 == pytest.approx(0.25, abs=0.08)


def test_before_retrieval_nothing_is_known_of_it():
    estimator = fitted()
    told, untold = Seen(QUESTION, {"matched": 1.0}), Seen(QUESTION)
    early, late = estimator.both([told, untold])
    np.testing.assert_array_equal(early[0], early[1])
    assert late[0, 1] > early[0, 1] + 0.3
    np.testing.assert_array_equal(late[1], early[1])
    assert fitted(features=("lexical",)).after is None


def test_a_saved_one_estimates_the_same(saved):
    queries, _ = table()
    for before, after in zip(
        fitted().both(queries), PathEstimator.load(saved / "joint").both(queries), strict=True
    ):
        np.testing.assert_array_equal(before, after)


def test_the_plan_is_the_path_that_is_best_on_average(saved):
    assert build(saved).planned("generator", MODELS) == 1
    assert build(saved, weights={"joules": 0.01}).planned("generator", MODELS) == 0


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"linear": {}}, r"joint\.linear: 'state' is missing"),
        ({"linear": {"state": "nowhere"}}, "no trained router is here"),
        ({"knn": {"state": "joint"}}, "holds a trained 'linear'"),
        ({"liner": {"state": "joint"}}, "unknown predictor 'liner'; did you mean 'linear'"),
        ({"linear": {"state": "joint", "features": ["tfidf"]}}, r"trained with \['lexical', 'retrieval'\]"),
        ({"linear": {"state": "joint", "passing": 0.7}}, "unknown parameter 'passing'"),
        ({"linear": {"state": "one"}}, "decides one stage, not whole paths"),
    ],
)
def test_a_state_that_does_not_fit_is_told(saved, spec, told):
    fitted().before.state().save(saved / "one")
    with pytest.raises(PolicyError, match=told):
        build_joint(spec, "joint", Dependencies(folder=saved))


def test_other_options_are_refused_and_fewer_are_not(saved):
    router = build(saved)
    router.check("generator", MODELS[:1], "joint")
    with pytest.raises(PolicyError, match=r"unknown option of generator 'medium'.*no path"):
        router.check("generator", [*MODELS, Option("medium")], "joint")
    router.check_paths({"retrieval": ["none"], "generator": ["small"]}, "joint")
    with pytest.raises(PolicyError, match=r"none of the paths.*retrieval=none, generator=small"):
        router.check_paths({"retrieval": ["none"], "generator": ["large"]}, "joint")
