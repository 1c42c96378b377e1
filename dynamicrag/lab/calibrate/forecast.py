"""Predictions for questions that were not learnt from: of whole paths, of stages, and of costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamicrag.features.base import Seen
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.rejoin import rejoin
from dynamicrag.lab.routing.expected import ExpectedCost
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds
from dynamicrag.routers.estimator import Estimator
from dynamicrag.routers.paths import PathEstimator, before_retrieval
from dynamicrag.topology import TOPOLOGY

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """Predictions for n questions and k paths.

    Attributes:
        early: Quality predicted before retrieval, (n, k).
        late: Quality predicted after it, (n, k).
        costs: Expected cost by dimension, (n, k) each.
        stages: Quality of a stage's options by themselves, with all else as planned: early and late, (n, o)
            each.
        planned: The path at which all else is planned, (n,).
    """

    early: Floats
    late: Floats
    costs: Mapping[str, Floats]
    stages: Mapping[str, tuple[Floats, Floats]]
    planned: Rows

    def price(self, weights: Mapping[str, float]) -> Floats:
        """Return the weighted cost, (n, k)."""
        return sum(
            (weight * self.costs[name] for name, weight in weights.items()), np.zeros(self.early.shape)
        )


@dataclass(frozen=True, slots=True)
class Learnt:
    """The models trained on some questions.

    Attributes:
        whole: The estimator of whole paths.
        stages: The estimator of each stage with two options recorded and all else as planned.
        costs: Expected costs by dimension.
        planned: The path that was best on average.
    """

    whole: PathEstimator
    stages: Mapping[str, Estimator]
    costs: Mapping[str, ExpectedCost]
    planned: int


def learn(world: World, recipe: Recipe, planned: int | None = None) -> Learnt:
    """Learn from all questions of ``world``; ``planned`` is by default the path that is best on average."""
    whole = PathEstimator.fit(
        world.seen, world.quality, dict(zip(world.names, world.paths, strict=True)),
        features=recipe.features, predictor=recipe.predictor, groups=world.labels,
    )  # fmt: skip
    planned = world.best if planned is None else planned
    stages = {}
    for stage in world.stages:
        around = columns(world, planned, stage)
        if len(around) > 1:
            stages[str(stage)] = Estimator.fit(
                _known(world.seen, stage), world.quality[:, list(around.values())], list(around),
                features=recipe.features(), predictor=recipe.predictor(), groups=world.labels,
            )  # fmt: skip
    costs = {name: ExpectedCost().fit(world.texts, cost) for name, cost in world.costs.items()}
    return Learnt(whole, stages, costs, planned)


def columns(world: World, planned: int, stage: str) -> dict[str, int]:
    """Return the path of every option of a stage, all else as planned."""
    found = {o: world.column({**world.paths[planned], stage: o}) for o in world.options(stage)}
    return {option: column for option, column in found.items() if column is not None}


def forecast(learnt: Learnt, world: World) -> Forecast:
    """Predict the questions of ``world``."""
    early, late = learnt.whole.both(world.seen)
    stages = {}
    for stage in world.stages:
        options = world.options(stage)
        sides = np.full((2, len(world), len(options)), np.nan)
        estimator = learnt.stages.get(stage)
        if estimator is not None:
            at = [options.index(option) for option in estimator.options]
            for side, seen in zip(sides, (_early(world.seen), _known(world.seen, stage)), strict=True):
                side[:, at] = estimator.estimate(seen).mean
        stages[str(stage)] = sides[0], sides[1]
    costs = {name: model.predict(world.texts) for name, model in learnt.costs.items()}
    return Forecast(early, late, costs, stages, np.full(len(world), learnt.planned))


def held_out(
    world: World, recipe: Recipe, progress: Callable[[], None] = lambda: None, planned: int | None = None
) -> Forecast:
    """Predict every question from the questions of other folds; near-duplicates share a fold."""
    fold = folds(len(world), FOLDS, world.labels, recipe.seed)
    parts, outs = [], [np.flatnonzero(fold == number) for number in range(fold.max() + 1)]
    for number, out in enumerate(outs):
        learnt = learn(world.take(np.flatnonzero(fold != number)), recipe, planned)
        parts.append(forecast(learnt, world.take(out)))
        progress()
    return rejoin(parts, outs)


def _early(seen: Sequence[Seen]) -> list[Seen]:
    return [before_retrieval(query) for query in seen]


def _known(seen: Sequence[Seen], stage: str) -> list[Seen]:
    """Return the known signals of questions when a stage decides."""
    return _early(seen) if stage in TOPOLOGY.ahead else list(seen)
