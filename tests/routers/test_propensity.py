"""A logged propensity is the probability with which the option is taken: shown by simulation.

Of n decisions, an option of probability p is taken n·p times, within the bounds of the binomial
distribution. And for any logged propensities, also where they differ from decision to decision, the mean of
1/propensity over the decisions that took an option is 1: the identity that off-policy evaluation rests on.
"""

import math
import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import ProviderError
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.llm.completion import Completion, TokenProb
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.drawing import mixed
from dynamicrag.routers.base import ROUTERS, Choice
from dynamicrag.routers.draws import Explore, generator, replaced
from dynamicrag.routers.estimator import Estimator
from dynamicrag.routers.joint import Joint
from dynamicrag.routers.learned import Learned
from dynamicrag.types import Usage

from .test_joint import QUESTION, RETRIEVAL, fitted, joules
from .test_routers import OPTIONS, context

DRAWS = 400
SIGMAS = 4.5
OPEN = {"all open": [True, True, True], "one closed": [True, False, True], "best closed": [True, True, False]}


@pytest.fixture(params=[pytest.param(1, id="few"), pytest.param(8, id="many", marks=pytest.mark.slow)])
def draws(request):
    """Return the number of draws: few before a commit, and eight times as many otherwise."""
    return DRAWS * request.param


def within(count, probability, draws):
    spread = math.sqrt(draws * probability * (1 - probability))
    return abs(count - draws * probability) <= SIGMAS * spread + 1e-9


async def simulated(router, given, draws):
    """Return the choices of a router on many queries that differ only in their id."""
    return [await router.choose(replace(given, query=replace(given.query, id=str(i)))) for i in range(draws)]


def check(choices, allowed):
    taken = Counter(choice.index for choice in choices)
    assert set(taken) <= {i for i, is_open in enumerate(allowed) if is_open}
    for choice in choices:
        if choice.chances is not None:
            assert math.isclose(choice.propensity, choice.chances[choice.index], rel_tol=1e-6)
            assert math.isclose(sum(choice.chances), 1.0, rel_tol=1e-6)
    same = {choice.index: choice.propensity for choice in choices}
    if all(choice.propensity == same[choice.index] for choice in choices):
        for index, probability in same.items():
            assert within(taken[index], probability, len(choices)), (index, taken[index], probability)


def check_weights(choices, allowed):
    """Check that 1/propensity has the mean 1 for every open option, where it can be drawn at all."""
    for index, is_open in enumerate(allowed):
        if is_open:
            weights = np.array([(choice.index == index) / choice.propensity for choice in choices])
            drawable = np.mean([choice.chances is None or choice.chances[index] > 0 for choice in choices])
            assert abs(weights.mean() - drawable) <= SIGMAS * weights.std() / math.sqrt(len(weights))


@pytest.mark.parametrize("allowed", OPEN.values(), ids=OPEN)
@pytest.mark.parametrize("weights", [None, {"small": 3, "large": 1}, {"medium": 1}])
async def test_random(weights, allowed, draws):
    router = ROUTERS.build({"random": {"weights": weights} if weights else {}}, "router")
    choices = await simulated(router, context(allowed=allowed), draws)
    check(choices, allowed)
    if weights is None:
        check_weights(choices, allowed)


def learned(explore):
    rng = np.random.default_rng(0)
    queries = [Seen(f"Question {i}?", {}) for i in range(40)]
    quality = np.array([0.4, 0.5, 0.6]) + 0.05 * rng.standard_normal((40, 3))
    estimator = Estimator.fit(
        queries, quality, [option.name for option in OPTIONS],
        features=FeatureSet(["lexical"]), predictor=PREDICTORS.build("best_single", "t"),
    )  # fmt: skip
    known = estimator.estimate(queries[:1])  # the same for every question; computing it takes longer
    parts = {name: getattr(estimator, name) for name in ("options", "predictor", "features", "about")}
    return Learned(SimpleNamespace(**parts, estimate=lambda seen: known), {}, explore)


EXPLORE = [Explore(epsilon=0.3), Explore(temperature=0.1), Explore(epsilon=0.2, temperature=0.2)]


@pytest.mark.parametrize("allowed", OPEN.values(), ids=OPEN)
@pytest.mark.parametrize("explore", EXPLORE, ids=str)
async def test_learned(explore, allowed, draws):
    choices = await simulated(learned(explore), context(allowed=allowed), draws)
    assert len({choice.index for choice in choices}) == sum(allowed)
    check(choices, allowed)
    check_weights(choices, allowed)


@pytest.mark.parametrize("allowed", [[True, True], [False, True]])
@pytest.mark.parametrize("explore", EXPLORE, ids=str)
async def test_joint(explore, allowed, draws):
    router = Joint(fitted(features=["lexical"]), {"joules": 0.005}, explore)
    given = context(QUESTION, stage="retrieval", options=RETRIEVAL, price=joules, allowed=allowed)
    choices = await simulated(router, given, draws // 5)
    assert len({choice.index for choice in choices}) == sum(allowed)
    taken = Counter(choice.index for choice in choices)
    for choice in choices:
        assert within(taken[choice.index], choice.propensity, len(choices))


class Asked:
    """A model that replies as a table of probabilities says; with or without reporting them."""

    seconds, calls = 0.0, 0

    def __init__(self, chances, *, reports, fails=0.0):
        self.chances, self.reports, self.fails = chances, reports, fails
        self.rng = random.Random(3)

    async def __call__(self, messages, *, model="", max_tokens, temperature=0.0, stop=()):
        del messages, model, max_tokens, stop
        self.calls += 1
        if self.rng.random() < self.fails:
            raise ProviderError("down")
        best = max(self.chances, key=self.chances.get)
        names, weights = list(self.chances), list(self.chances.values())
        name = self.rng.choices(names, weights)[0] if temperature else best
        token = TokenProb(name, math.log(self.chances[name]), 0.0, tuple(self.chances.items()))
        return Completion(name, "", Usage(), (token,) if self.reports else (), "stop", {})


def asks(**more):
    deps = Dependencies(models={"helper": None}, helper="helper")
    return ROUTERS.build({"llm": more}, "router", deps)


REPLIES = {"small": 0.6, "medium": 0.1, "large": 0.3}
DESCRIBED = tuple(replace(option, description=option.name) for option in OPTIONS)


@pytest.mark.parametrize("allowed", OPEN.values(), ids=OPEN)
@pytest.mark.parametrize(
    ("spec", "reports", "fails"),
    [
        ({"temperature": 1.0}, True, 0.0),
        ({"temperature": 0.5, "epsilon": 0.1}, True, 0.0),
        ({"temperature": 1.0, "epsilon": 0.2}, False, 0.0),
        ({"temperature": 1.0, "epsilon": 0.2, "draws": 2}, False, 0.3),
        ({"epsilon": 0.2}, True, 0.2),
    ],
)
async def test_llm(spec, reports, fails, allowed, draws):
    ask = Asked(REPLIES, reports=reports, fails=fails)
    given = context(options=DESCRIBED, allowed=allowed, ask=ask)
    choices = await simulated(asks(**spec), given, draws * 2 // 5)
    check(choices, allowed)
    check_weights(choices, allowed)


async def test_llm_draws_from_the_token_probabilities_at_its_temperature():
    router = asks(temperature=0.5)
    ask = Asked(REPLIES, reports=True)
    choice = await router.choose(context(options=DESCRIBED, ask=ask))
    assert choice.chances == pytest.approx([0.36 / 0.46, 0.01 / 0.46, 0.09 / 0.46])
    assert ask.calls == 1
    assert choice.reason.startswith("helper prefers ")


async def test_llm_without_token_probabilities_takes_shares_of_several_replies():
    ask = Asked(REPLIES, reports=False)
    choice = await asks(temperature=1.0, draws=8).choose(context(options=DESCRIBED, ask=ask))
    assert ask.calls == 8
    assert all(round(chance * 8, 6) == round(chance * 8) for chance in choice.chances)
    assert choice.reason.startswith("replies of helper: ")


async def test_llm_at_temperature_0_is_certain_and_asks_once():
    ask = Asked(REPLIES, reports=True)
    choice = await asks().choose(context(options=DESCRIBED, ask=ask))
    assert (choice.index, choice.propensity, choice.reason) == (0, 1.0, "helper chose it")
    assert ask.calls == 1


async def test_rules_and_fixed_are_certain():
    for spec in (
        {"fixed": {"option": "medium"}},
        {"rules": {"when": [{"if": {"words": 4}, "take": "large"}], "otherwise": "small"}},
    ):
        for allowed in OPEN.values():
            assert (await ROUTERS.build(spec, "router").choose(context(allowed=allowed))).propensity == 1.0


@pytest.mark.slow
async def test_a_stage_that_is_decided_again_draws_independently():
    """Else the second draw would follow from the first, and its propensity would be wrong."""
    router = ROUTERS.build("random", "router")
    first = await simulated(router, context(), 3_000)
    again = await simulated(router, context(allowed=[False, True, True]), 3_000)
    second = [b for a, b in zip(first, again, strict=True) if a.index == 0]
    assert within(sum(choice.index == 1 for choice in second), 0.5, len(second))


def test_a_decision_draws_the_same_when_it_is_repeated():
    one, other = (generator(7, context(id="q")).random() for _ in range(2))
    assert one == other
    assert generator(8, context(id="q")).random() != one


def test_an_option_that_stands_in_for_closed_ones_has_their_probability_too():
    choice = Choice(2, "drawn", 0.3, chances=[0.5, 0.2, 0.3])
    after = replaced(choice, context(allowed=[True, True, False]))
    assert (after.index, after.propensity) == (1, 0.5)  # the nearest to the third is the second
    assert after.reason == "drawn; no longer fits after asking: the nearest option that fits"
    kept = replaced(Choice(1, "drawn", 0.2, chances=[0.5, 0.2, 0.3]), context(allowed=[True, True, False]))
    assert (kept.index, kept.propensity, kept.reason) == (1, 0.5, "drawn")
    certain = replaced(Choice(2, "x"), context(allowed=[True, False, False]))
    assert (certain.index, certain.propensity) == (0, 1.0)


def test_mixing_drops_closed_options_and_scales_the_rest():
    assert mixed([3, 1, 4], [True, True, False]).tolist() == [0.75, 0.25, 0.0]
    assert mixed([3, 1, 4], [True, True, False], 0.5).tolist() == [0.625, 0.375, 0.0]
    assert mixed([0, 0, 4], [True, True, False]).tolist() == [0.5, 0.5, 0.0]
    two = mixed([[1, 1], [0, 2]], [[True, True], [True, False]], 0.2)
    assert two.tolist() == [[0.5, 0.5], [1.0, 0.0]]
