"""The vectorised choice of learnt routers is that of the same routers on a walk."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from dynamicrag.lab.calibrate.forecast import forecast, learn
from dynamicrag.lab.calibrate.replay import jointly, stagewise
from dynamicrag.lab.calibrate.walked import Walks, pipeline_of
from dynamicrag.lab.recipe import Recipe
from dynamicrag.policy.file import load_policy
from dynamicrag.routers.joint import Joint
from dynamicrag.routers.learned import Learned
from dynamicrag.topology import TOPOLOGY

from .made import POLICY, right, world

RECIPE = Recipe("linear", ["lexical", "retrieval"])
WORLDS = {
    "as it is": lambda: world(),
    "noisy": lambda: world(noise=0.2),
    "options that depend on each other": lambda: world(
        quality=lambda kind, name: {"none/small": 0.7, "single/large": 0.9}.get(name, 0.1 * right(kind, name))
    ),
}


class Planned(Learned):
    """Plans with the option of the path that is best on average, as the arrays do."""

    def __init__(self, estimator, weights, option):
        super().__init__(estimator, weights)
        self.option = option

    def planned(self, stage, options):
        return [option.name for option in options].index(self.option)


def walked(made, predicted, routers):
    """Return the paths that routers end on, (n,)."""
    pipeline = pipeline_of(load_policy(POLICY), TOPOLOGY.drafting)
    stages = {
        name: stage.routed(routers[name]) if name in routers else stage
        for name, stage in pipeline.stages.items()
    }
    return Walks(replace(pipeline, stages=stages), made, predicted).policy().first


@cache
def learnt_in(name):
    """Return a world, what is learnt from it, and what that predicts."""
    made = WORLDS[name]()
    learnt = learn(made, RECIPE)
    return made, learnt, forecast(learnt, made)


@pytest.mark.parametrize("worth", [0.0, 0.0005, 0.002, 0.01])
@pytest.mark.parametrize("name", WORLDS)
def test_arrays_choose_as_the_walk_does(name, worth):
    made, learnt, predicted = learnt_in(name)
    weights = {"joules": worth}
    price = predicted.price(weights)
    joint = Joint(learnt.whole, weights)
    together = jointly(made, predicted, price)
    assert walked(made, predicted, dict.fromkeys(joint.decides, joint)).tolist() == together.tolist()
    plan = made.paths[learnt.planned]
    alone = {stage: Planned(own, weights, plan[stage]) for stage, own in learnt.stages.items()}
    apart = stagewise(made, predicted, price)
    assert walked(made, predicted, alone).tolist() == apart.tolist()
    assert len(np.unique(together)) > 1 or name != "as it is"
