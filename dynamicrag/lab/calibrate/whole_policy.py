"""A router for every stage that a table varies, and one over whole paths, where they beat the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamicrag.lab.calibrate.forecast import Forecast, Learnt, columns, held_out, learn
from dynamicrag.lab.calibrate.options import check_options
from dynamicrag.lab.calibrate.realised import realise
from dynamicrag.lab.calibrate.replay import jointly
from dynamicrag.lab.calibrate.results import Gain
from dynamicrag.lab.calibrate.standing import gain
from dynamicrag.lab.calibrate.walked import Walks, pipeline_of
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.results import plain_data
from dynamicrag.policy.policy import Policy
from dynamicrag.topology import TOPOLOGY

SAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A trained router beside the present one, and beside the best single option.

    Attributes:
        figures: Mean quality and costs by way to choose: ``learnt``, ``stands`` and ``single``.
        best: The path of the best single option.
        rule: Utility gained over the router that stands there.
        single: Utility gained over the best single option.
    """

    figures: Mapping[str, Mapping[str, float]]
    best: str
    rule: Gain
    single: Gain


@dataclass(frozen=True, slots=True)
class StageComparison(Comparison):
    """The comparison for a stage.

    Attributes:
        router: The router that stands there.
        options: By option, mean quality and costs, and the shares in which either router takes it.
    """

    router: str
    options: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """A trained policy.

    Attributes:
        learnt: The routers, learnt from all questions.
        planned: The path that is best on average.
        weights: The policy's weights of recorded costs.
        stages: Out-of-fold figures by stage.
        whole: The same of the router over whole paths; ``None`` where there is none.
    """

    learnt: Learnt
    planned: str
    weights: Mapping[str, float]
    stages: Mapping[str, StageComparison]
    whole: Comparison | None

    @property
    def kept(self) -> tuple[str, ...]:
        """The stages whose trained router beats the present one."""
        return tuple(stage for stage, own in self.stages.items() if own.rule.sure)

    @property
    def joint(self) -> bool:
        """Whether the router over whole paths beats the policy."""
        return self.whole is not None and self.whole.rule.sure

    @property
    def report(self) -> dict[str, Any]:
        """The figures as plain data."""
        found = {"planned": self.planned, "weights": self.weights, "stages": self.stages}
        report: dict[str, Any] = plain_data(found if self.whole is None else {**found, "joint": self.whole})
        return report


def train_policy(
    world: World, policy: Policy, recipe: Recipe, *, joint: bool = False, samples: int = SAMPLES
) -> TrainedPolicy:
    """Train routers, and judge each out of fold.

    A stage's options are compared with all else as on the path that is best on average, at the cost of the
    whole path. The measure is utility: quality less the policy's weighted cost. A trained router replaces
    the present one if it is better by more than a standard error.

    Args:
        world: Recorded questions and paths.
        policy: The policy whose routers are to be beaten.
        recipe: The method that learns routers.
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
    around = {str(stage): columns(world, world.best, stage) for stage in world.stages}
    stages = {
        stage: _compare_stage(world, made, weights, stage, own, walks, samples)
        for stage, own in around.items()
        if len(own) > 1
    }
    whole = None
    if joint:
        taken = jointly(world, made, made.price(weights))
        whole = Comparison(*_compare(world, weights, taken, walks.policy().first, samples))
    return TrainedPolicy(learn(world, recipe, world.best), world.names[world.best], weights, stages, whole)


def _compare_stage(
    world: World, made: Forecast, weights: Mapping[str, float], stage: str, around: Mapping[str, int],
    walks: Walks, samples: int,
) -> StageComparison:  # fmt: skip
    at, options = list(around.values()), world.options(stage)
    mean = made.stages[stage][0 if stage in TOPOLOGY.ahead else 1][:, [options.index(o) for o in around]]
    taken = np.array(at)[(mean - made.price(weights)[:, at]).argmax(axis=1)]
    # the planned option stands in for an option that was not recorded with all else as planned
    stands = np.array([around.get(o, world.best) for o in walks.alone(stage, world.whole[world.best])])
    return StageComparison(
        *_compare(world, weights, taken, stands, samples, at),
        router=walks.pipeline.stages[stage].router.registered,
        options={
            option: {
                "quality": float(world.quality[:, k].mean()),
                **{name: float(cost[:, k].mean()) for name, cost in world.costs.items()},
                "learnt": float((taken == k).mean()),
                "rule": float((stands == k).mean()),
            }
            for option, k in around.items()
        },
    )


def _compare(
    world: World, weights: Mapping[str, float], taken: Rows, stands: Rows, samples: int,
    among: Sequence[int] = (),
) -> tuple[dict[str, dict[str, float]], str, Gain, Gain]:  # fmt: skip
    """Return the fields of a comparison; ``among`` are the single options, by default all paths."""
    every = np.repeat(np.arange(len(world.names))[:, None], len(world), axis=1)
    means = realise(world, every).utility(weights).mean(axis=1)
    single = max(among or range(len(means)), key=lambda k: means[k])
    ways = {"learnt": taken, "stands": stands, "single": every[single]}
    realised = {name: realise(world, index) for name, index in ways.items()}
    figures = {
        name: {
            "quality": float(way.quality.mean()),
            **{cost: float(values.mean()) for cost, values in way.costs.items()},
        }
        for name, way in realised.items()
    }
    learnt, rule, alone = (way.utility(weights) for way in realised.values())
    return figures, world.names[single], gain(learnt, rule, samples, 0), gain(learnt, alone, samples, 0)
