"""A router for every stage that a table varies, and one over whole paths, where they beat the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynamicrag.lab.calibrate.came import came
from dynamicrag.lab.calibrate.forecast import (
    Forecast,
    Learnt,
    Recipe,
    columns,
    held_out,
    learn,
)
from dynamicrag.lab.calibrate.options import check_options
from dynamicrag.lab.calibrate.replay import jointly
from dynamicrag.lab.calibrate.standing import gain
from dynamicrag.lab.calibrate.walked import Walks, pipeline_of
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.policy import Policy
from dynamicrag.predictors.checks import Floats
from dynamicrag.topology import TOPOLOGY

SAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Trained:
    """What training a policy came to.

    Attributes:
        learnt: The routers, learnt from all questions.
        kept: Stages whose learnt router beats what stands there.
        joint: Whether the one over whole paths does.
        report: Out-of-fold figures by stage, and of ``joint``, as plain data.
    """

    learnt: Learnt
    kept: tuple[str, ...]
    joint: bool
    report: dict[str, Any] = field(default_factory=dict)


def train_policy(
    world: World, policy: Policy, recipe: Recipe, *, joint: bool = False, samples: int = SAMPLES
) -> Trained:
    """Learn routers, and judge each on questions of folds that it has not learnt from.

    A stage's options are compared with all else as on the path that is best on average, at what the whole
    path costs. What counts is quality less the policy's weighted cost. A learnt router takes the place of
    the one that stands there if it is better by more than a standard error.

    Args:
        world: Recorded questions and paths.
        policy: The policy whose routers are to be beaten.
        recipe: How routers are learnt.
        joint: Whether to learn one over whole paths too.
        samples: Number of bootstrap samples.

    Raises:
        InputError: The table is not of the policy's options.
        DynamicRAGError: A router of the policy cannot be replayed.
    """
    check_options(policy, world)
    weights = {str(name): w for name, w in policy.objective.weights.items() if name in world.costs}
    made = held_out(world, recipe, planned=world.best)
    walks = Walks(pipeline_of(policy, world.stages), world, made)
    stages = {}
    for stage in world.stages:
        around = columns(world, world.best, stage)
        if len(around) > 1:
            stages[str(stage)] = _stage(world, made, weights, stage, around, walks, samples)
    report: dict[str, Any] = {"planned": world.names[world.best], "weights": weights, "stages": stages}
    if joint:
        whole = jointly(world, made, made.price(weights))
        report["joint"] = _compared(world, weights, whole, walks.policy().first, samples)
    kept = tuple(stage for stage, own in stages.items() if own["rule"]["sure"])
    better = joint and bool(report["joint"]["rule"]["sure"])
    return Trained(learn(world, recipe, world.best), kept, better, report)


def _stage(
    world: World, made: Forecast, weights: Mapping[str, float], stage: Any, around: Mapping[str, int],
    walks: Walks, samples: int,
) -> dict[str, Any]:  # fmt: skip
    at = list(around.values())
    options = world.options(stage)
    mean = made.stages[stage][0 if stage in TOPOLOGY.ahead else 1][
        :, [options.index(option) for option in around]
    ]
    taken = np.array(at)[(mean - made.price(weights)[:, at]).argmax(axis=1)]
    # where the rule takes what was not recorded with all else as planned, it is taken for the planned option
    stands = np.array([around.get(o, world.best) for o in walks.alone(stage, world.whole[world.best])])
    return {
        "router": walks.pipeline.stages[stage].router.registered,
        "options": {
            option: {
                "quality": float(world.quality[:, k].mean()),
                **{name: float(cost[:, k].mean()) for name, cost in world.costs.items()},
                "learnt": float((taken == k).mean()),
                "rule": float((stands == k).mean()),
            }
            for option, k in around.items()
        },
        **_compared(world, weights, taken, stands, samples, at),
    }


def _compared(
    world: World, weights: Mapping[str, float], taken: Rows, stands: Rows, samples: int,
    among: list[int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what was learnt beside what stands there, and beside the best single option."""
    worth = _worth(world, weights)
    single = max(among or range(len(world.names)), key=lambda k: worth[:, k].mean())
    rows = np.arange(len(world))
    ways = {"learnt": taken, "stands": stands, "single": np.full(len(world), single)}
    figures = {
        name: {
            "quality": float(made.quality.mean()),
            **{cost: float(values.mean()) for cost, values in made.costs.items()},
        }
        for name, made in ((name, came(world, index)) for name, index in ways.items())
    }
    utility = {name: worth[rows, index] for name, index in ways.items()}
    return {
        "figures": figures,
        "best": world.names[single],
        "rule": gain(utility["learnt"], utility["stands"], samples, 0),
        "single": gain(utility["learnt"], utility["single"], samples, 0),
    }


def _worth(world: World, weights: Mapping[str, float]) -> Floats:
    total = world.quality.copy()
    for name, weight in weights.items():
        total -= weight * world.costs[name]
    return total
