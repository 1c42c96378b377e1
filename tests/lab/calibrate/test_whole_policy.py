import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.calibrate.whole_policy import train_policy
from dynamicrag.lab.recipe import Recipe
from dynamicrag.policy.file import load_policy

from .made import POLICY, world

RECIPE = Recipe("linear", ["lexical", "retrieval"])


def trained(made, policy=POLICY, **more):
    return train_policy(made, load_policy(policy), RECIPE, samples=200, **more)


def fixed(retrieval, generator):
    routers = {"retrieval": retrieval, "generator": generator}
    stages = {
        stage: {**POLICY["stages"][stage], "router": {"fixed": {"option": option}}}
        for stage, option in routers.items()
    }
    return {**POLICY, "stages": stages}


def test_what_is_learnt_takes_the_place_of_a_worse_rule():
    made = trained(world(), fixed("single", "large"), joint=True)
    assert made.report["planned"] == "single/large"
    assert set(made.kept) == {"retrieval", "generator"}
    assert made.joint
    own = made.report["stages"]["generator"]
    assert own["figures"]["learnt"]["quality"] == pytest.approx(1.0, abs=0.05)
    assert own["figures"]["learnt"]["joules"] < own["figures"]["stands"]["joules"]
    # the downstream cost of an option is that of the whole path
    assert own["options"]["large"]["joules"] == pytest.approx(100, rel=0.05)
    assert own["rule"]["interval"][0] > 0
    assert own["best"] in ("single/small", "single/large")


def test_what_is_no_better_leaves_the_rule():
    # nothing tells the questions apart, so that always the best option is best
    made = trained(world(quality=lambda kind, name: float(name == "single/small")), fixed("single", "small"))
    assert made.kept == ()
    assert made.report["stages"]["generator"]["rule"]["gain"] <= 0
    assert not made.joint


def test_noise_is_not_learnt():
    made = trained(world(quality=lambda kind, name: 0.5, noise=0.5), fixed("none", "small"), joint=True)
    assert made.kept == ()
    assert not made.joint


def test_a_table_of_other_options_is_refused():
    other = {**POLICY, "stages": {**POLICY["stages"], "retrieval": {"options": ["none"]}}}
    with pytest.raises(InputError, match="retrieval: unknown option 'single'"):
        trained(world(), other)
