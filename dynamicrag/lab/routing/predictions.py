"""Every router's predictions for held-out queries, and the time that they take."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Embed, FeatureSet
from dynamicrag.lab.progress import Progress, unreported
from dynamicrag.lab.routing.expected import ExpectedCost
from dynamicrag.lab.routing.problem import Problem, Side
from dynamicrag.lab.routing.rounds import Round
from dynamicrag.predictors.base import Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build
from dynamicrag.predictors.selection import select

TIMED = 200
"""Most single decisions that are timed, of each router."""


@dataclass(slots=True)
class Predicted:
    """The predictions of one router.

    Attributes:
        mean: Quality, (n, k).
        train_seconds: Seconds of each round's training, features apart.
        decision_us: Microseconds of single decisions, features apart.
        picked: Its parts by share, if it is made of others.
    """

    mean: Floats
    train_seconds: list[float] = field(default_factory=list)
    decision_us: list[float] = field(default_factory=list)
    picked: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Predictions:
    """The predictions, made before the outcomes are read.

    Attributes:
        routers: By name.
        expected: Expected cost, (n, k).
        typical: Mean cost of each option in the training data, (n, k).
        level: Mean quality of each option in the training data, (n, k).
        feature_us: Microseconds to make the features of single queries, without embedding.
        feature_fit_seconds: Seconds to fit and make each round's features.
        features: Number of features.
    """

    routers: dict[str, Predicted]
    expected: Floats
    typical: Floats
    level: Floats
    feature_us: list[float] = field(default_factory=list)
    feature_fit_seconds: list[float] = field(default_factory=list)
    features: int = 0


def predict(
    problem: Problem,
    rounds: Sequence[Round],
    specs: Mapping[str, object],
    families: Sequence[object],
    *,
    embed: Embed | None = None,
    seed: int = 0,
    progress: Progress = unreported,
) -> Predictions:
    """Train every router in every round, and let it predict that round's test queries.

    Args:
        problem: The tables.
        rounds: From :func:`~dynamicrag.lab.routing.rounds.make_rounds`.
        specs: Specs of the predictors, by the name that is shown.
        families: Specs of the families of features.
        embed: The embedding model, for families that need one.
        seed: Seed of the predictors that have none of their own.
        progress: Receives reports of progress.
    """
    shape = (sum(len(turn.rows) for turn in rounds), len(problem.options))
    routers = {name: Predicted(np.empty(shape)) for name in specs}
    made = Predictions(routers, np.empty(shape), np.empty(shape), np.empty(shape))
    total = len(rounds) * (len(specs) + 1)
    for number, turn in enumerate(rounds):
        done = number * (len(specs) + 1)
        progress(done, total, "training")
        learn_X, judge_X, blocks = _features(turn, families, embed, made)
        _prices(problem, turn, made)
        for step, (name, spec) in enumerate(specs.items(), 1):
            own = made.routers[name]
            begun = time.perf_counter()
            predictor = build(spec, seed, "--routers").fit(
                learn_X, turn.learn.quality, groups=turn.labels, blocks=blocks
            )
            own.train_seconds.append(time.perf_counter() - begun)
            own.mean[turn.rows] = predictor.predict(judge_X).mean[:, problem.columns]
            for part, share in predictor.picked.items():
                own.picked[part] = own.picked.get(part, 0.0) + share / len(rounds)
            if number == len(rounds) - 1:
                own.decision_us = _timed(predictor, judge_X, made.expected[turn.rows], problem.columns)
            progress(done + step + 1, total, "training")
    return made


def _features(
    turn: Round, families: Sequence[object], embed: Embed | None, made: Predictions
) -> tuple[Floats, Floats, list[int]]:
    """Return the features of both sides, and how many each family gives."""
    begun = time.perf_counter()
    features = FeatureSet(families, embed, "--features")
    learn, judge = features.fit_transform(turn.learn.seen), features.transform(turn.judge.seen)
    made.feature_fit_seconds.append(time.perf_counter() - begun)
    made.features = learn.shape[1]
    made.feature_us = _feature_times(features, turn.judge)
    return learn, judge, features.blocks


def _feature_times(features: FeatureSet, judge: Side) -> list[float]:
    times = []
    own = [part for part in features.parts if not part.embeds]
    for known in judge.seen[:TIMED]:
        query = replace(known, text=f"{known.text} ")  # families may remember texts that they have seen
        begun = time.perf_counter()
        for part in own:
            part.transform([query])
        times.append(1e6 * (time.perf_counter() - begun))
    return times


def _prices(problem: Problem, turn: Round, made: Predictions) -> None:
    """Take the training rows' mean cost and quality of this round, equal for all queries."""
    learn = turn.learn.columns(problem.columns)
    known = [~np.isnan(column).all() for column in learn.cost.T]
    whole = problem.learn.columns(problem.columns)
    # a fold may lack every observation of a rare option's cost; then all rows are asked for its mean
    cost = np.where(known, learn.cost, np.nanmean(whole.cost, axis=0))
    made.expected[turn.rows] = ExpectedCost().fit(learn.texts, cost).predict(turn.judge.texts)
    made.typical[turn.rows] = np.nanmean(cost, axis=0)
    seen = np.isfinite(learn.quality)
    count = seen.sum(axis=0)
    level = np.where(seen, learn.quality, 0.0).sum(axis=0) / np.maximum(count, 1)
    made.level[turn.rows] = np.where(count > 0, level, -np.inf)


def _timed(predictor: Predictor, X: Floats, expected: Floats, columns: NDArray[np.intp]) -> list[float]:
    times, weights = [], np.ones(1)
    for row, costs in zip(X[:TIMED], expected[:TIMED], strict=True):
        begun = time.perf_counter()
        select(predictor.predict(row[None]).mean[:, columns], costs[None, :, None], weights, lam=1.0)
        times.append(1e6 * (time.perf_counter() - begun))
    return times
