"""Learners as routers: the base estimate, what they learnt beyond it, and their own exploration."""

import math
from dataclasses import replace

import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.learning.examples import Example
from dynamicrag.learning.fold import after
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.online import Learner
from dynamicrag.routers.online import Learnt, Online
from dynamicrag.routers.pace import Pace
from tests.graph.conftest import docs, make  # noqa: F401 - fixtures
from tests.routers.test_prior import MODELS, at, choice, judged, rag  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    """Give each test a log of its own: learners read what others have logged."""
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))


LEARNERS = [name for name in PREDICTORS if issubclass(PREDICTORS[name], Learner)]


def online(rag, router, **more):  # noqa: F811
    stages = {"generator": {"options": ["small", "large"], "router": router}, **more}
    return rag(stages=stages)


def router_of(own, stage="generator"):
    found = own.pipeline.points[stage].router
    assert isinstance(found, Online)
    return found


def teach(own, context, option, reward, times=40, stage="generator"):
    """Let the learner of a stage see a reward beyond its base several times."""
    router = router_of(own, stage)
    x = router.row(context.features, None)
    router.learnt = after(router.learnt, [Example(x, option, reward, 1.0)] * times)


@pytest.mark.parametrize("name", LEARNERS)
async def test_before_any_reward_it_is_the_prior_when_it_does_not_explore(rag, name):  # noqa: F811
    own = online(rag, {name: {"explore": {"optimism": 0, "sample": False, "epsilon": 0}}})
    plain = rag(stages={"generator": {"options": ["small", "large"], "router": "prior"}})
    for usd in ((0.0005, 0.001), (0.0005, 0.05)):
        taken, found = await choice(own, at(own, "generator", usd=usd))
        known, prior = await choice(plain, at(plain, "generator", usd=usd))
        assert taken == known
        assert found.quality == pytest.approx(prior.quality)
        assert found.base == pytest.approx(prior.quality)
        assert found.state == 0


async def test_rewards_change_its_mind_and_the_reason_says_so(rag):  # noqa: F811
    own = online(rag, {"linucb": {"alpha": 0}})
    context = at(own, "generator", usd=(0.0005, 0.02))
    assert (await choice(own, context))[0] == "small"
    teach(own, context, "small", -0.5)
    teach(own, context, "large", 0.3)
    name, found = await choice(own, context)
    assert name == "large"
    assert "learnt from 80 rewards" in found.reason
    assert found.base != pytest.approx(found.quality)


async def test_prices_still_count_after_learning(rag):  # noqa: F811
    own = online(rag, {"linucb": {"alpha": 0}})
    context = at(own, "generator", usd=(0.0005, 0.02))
    teach(own, context, "large", 0.3)
    dear = at(own, "generator", usd=(0.0005, 0.2))
    assert (await choice(own, dear))[0] == "small"


@pytest.mark.parametrize("name", ["linucb", "thompson", "pilot", "greenserv", "epsilon_greedy"])
async def test_the_estimate_goes_to_the_mean_reward_and_not_beyond(rag, name):  # noqa: F811
    own = online(rag, name)
    context = at(own, "generator")
    based = (await choice(own, context))[1].quality[1]
    teach(own, context, "large", 0.2)
    learnt = (await choice(own, context))[1].quality[1]
    assert based + 0.1 < learnt < based + 0.21


async def test_a_scalar_reward_has_the_cost_in_it(rag):  # noqa: F811
    own = online(rag, {"linucb": {"alpha": 0, "reward": "scalar", "start": "none"}})
    context = at(own, "generator", usd=(0.0005, 10.0))
    teach(own, context, "large", 0.3)
    assert (await choice(own, context))[0] == "large"


async def test_its_exploration_is_the_learners_own_beside_the_policys(rag):  # noqa: F811
    own = online(rag, {"thompson": {"explore": {"epsilon": 0.2}}})
    context = at(own, "generator")
    found = [
        (await choice(own, replace(context, query=replace(context.query, id=f"q{i}"))))[1] for i in range(40)
    ]
    assert {each.index for each in found} == {0, 1}
    for each in found:
        assert each.chances is not None
        assert min(each.chances) >= 0.1
        assert sum(each.chances) == pytest.approx(1.0)
        assert each.propensity == each.chances[each.index]


async def test_verification_learns_moves_and_keeps_the_findings(rag):  # noqa: F811
    verification = {
        "options": ["accept", "escalate", "abstain"],
        "verifiers": ["unanswerable", "groundedness", "token_margin"],
        "router": {"linucb": {"alpha": 0}},
        "escalate": {"unsure": "generator"},
    }
    own = rag(stages={"verification": verification})
    signals = {"unanswerable": 0.0, "groundedness": 1.0, "token_margin": 0.9}
    context = judged(own, signals, 1e-4)
    first, _ = await choice(own, context)
    other = "accept" if first == "escalate:generator" else "escalate:generator"
    teach(own, context, other, 0.9, stage="verification")
    assert (await choice(own, context))[0] == other
    assert (await choice(own, judged(own, {**signals, "unanswerable": 1.0}, 1e-4)))[0] == "abstain"


async def test_a_state_is_restored_whole(rag):  # noqa: F811
    own = online(rag, {"linucb": {"alpha": 0}})
    context = at(own, "generator", usd=(0.0005, 0.02))
    teach(own, context, "large", 0.3)
    router = router_of(own)
    router.learnt = Learnt.from_state(router.learnt.state())
    assert router.learnt.rewards == 40
    assert (await choice(own, context))[1].quality == pytest.approx((await choice(own, context))[1].quality)


@pytest.mark.parametrize(
    ("router", "message"),
    [
        ({"linucb": {"start": 3}}, "start: expected 'prior', 'none' or a file"),
        ({"linucb": {"start": "missing"}}, "missing.npz: no trained router is here"),
        ({"linucb": {"reward": "joy"}}, "unknown reward 'joy'"),
        ({"linucb": {"explore": {"temprature": 1}}}, "explore"),
        ({"linucb": {"explore": {"epsilon": 2}}}, "epsilon: expected a number from 0 to 1"),
        ({"linucb": {"alfa": 1}}, "alpha"),
        ({"linucb": {"alpha": -1}}, "alpha: expected a number of 0 or more, got -1"),
    ],
)
def test_bad_parameters_name_their_place(rag, router, message):  # noqa: F811
    with pytest.raises(PolicyError) as refused:
        online(rag, router)
    assert message in str(refused.value)
    assert "stages.generator.router" in str(refused.value) or ".npz" in message


def test_one_option_alone_is_learnt_as_well(rag):  # noqa: F811
    own = rag(stages={"generator": {"options": ["small"], "router": "linucb"}})
    assert router_of(own).learnt.options == ("small",)


async def test_estimates_stay_probabilities(rag):  # noqa: F811
    own = online(rag, {"linucb": {"alpha": 0}})
    context = at(own, "generator")
    teach(own, context, "large", 0.9)
    teach(own, context, "small", -0.9)
    _, found = await choice(own, context)
    assert found.quality == pytest.approx([0.0, 1.0])


async def test_a_policy_names_the_features_of_a_learner(rag):  # noqa: F811
    verification = {
        "options": ["accept", "escalate"],
        "verifiers": ["token_margin"],
        "router": {"bandit_thresholds": {"score": "token_margin"}},
        "escalate": {"unsure": "generator"},
    }
    own = rag(stages={"verification": verification})
    learner = router_of(own, "verification").learnt.predictor
    assert learner.score == router_of(own, "verification").row.names.index("token_margin")
    verification["router"] = {"bandit_thresholds": {"score": "token_margins"}}
    with pytest.raises(PolicyError, match=r"bandit_thresholds\.score: unknown feature 'token_margins'"):
        rag(stages={"verification": verification})


def paced(make, spent, **pace):  # noqa: F811
    """Return an object whose total is partly spent, with a router that paces it."""
    own = make(
        models=MODELS,
        helper="small",
        stages={
            "generator": {
                "options": ["small", "large"],
                "router": {"linucb": {"alpha": 0, "pace": {"lower": 10, "upper": 1_000, **pace}}},
            }
        },
        objective={"weights": {"usd": 1}, "budget": {"total": {"usd": 5.0}}},
    )
    own.pipeline.budget.purse.add({"usd": spent})
    return own


@pytest.mark.parametrize(("spent", "taken"), [(0.0, "large"), (4.9, "small"), (6.0, "small")])
async def test_a_total_is_paced(make, spent, taken):  # noqa: F811
    """At .02 a call, the large model gives some 30 of quality per dollar: enough while little is spent."""
    own = paced(make, spent)
    context = at(own, "generator", usd=(0.0002, 0.02))
    name, found = await choice(own, context)
    assert name == taken, found.reason


def test_the_threshold_of_a_pace_by_hand():
    pace = Pace(lower=0.1, upper=1.0)
    assert pace.threshold(0.0) == pytest.approx(0.1 / math.e)
    assert pace.threshold(1.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("pace", "message"),
    [
        ({"dimension": "joules"}, "objective.budget.total has no 'joules'"),
        ({"lower": 0}, "lower: expected a number above 0"),
        ({"lower": 2_000}, "lower: expected at most 'upper'"),
        ({"uper": 3}, "upper"),
    ],
)
def test_a_bad_pace_is_refused(make, pace, message):  # noqa: F811
    with pytest.raises(PolicyError) as refused:
        paced(make, 0.0, **pace)
    assert message in str(refused.value)
    assert "stages.generator.router.linucb.pace" in str(refused.value)
