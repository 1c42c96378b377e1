"""Routers and baselines judged on one table; the result is explained in :mod:`.results`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dynamicrag.errors import BudgetError
from dynamicrag.features.base import Embed
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.progress import Progress, unreported
from dynamicrag.lab.routing.complementarity import complementarity
from dynamicrag.lab.routing.judge import Yardstick
from dynamicrag.lab.routing.path import Path, walk
from dynamicrag.lab.routing.predictions import Predicted, Predictions, predict
from dynamicrag.lab.routing.problem import Problem, Side, set_problem
from dynamicrag.lab.routing.resample import Resample, holm
from dynamicrag.lab.routing.results import (
    CostFacts,
    DataFacts,
    Evaluation,
    FeatureFacts,
    RouterResult,
    Training,
)
from dynamicrag.lab.routing.rounds import Split, make_rounds
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.selection import lambda_for

FOLDS = 5
SAMPLES = 1000


def evaluate(
    train: OutcomeTable,
    test: OutcomeTable | None = None,
    *,
    routers: Mapping[str, object],
    families: Sequence[object],
    cost: str | None = None,
    option_cost: Mapping[str, float] | None = None,
    options: Sequence[str] = (),
    folds: int = FOLDS,
    split: Split = "random",
    at: Sequence[float] = (),
    samples: int = SAMPLES,
    seed: int = 0,
    embed: Embed | None = None,
    progress: Progress = unreported,
) -> Evaluation:
    """Judge routers on a table, by cross-validation or by another table.

    Args:
        train: The training table.
        test: The test table; by default folds of ``train``.
        routers: Specs of predictors, by the name that is shown.
        families: Specs of families of features.
        cost: Name of the cost, or several joined by ``+``.
        option_cost: Cost of an option wherever a table does not have it.
        options: Options to route among; by default all that are common.
        folds: Number of folds of the cross-validation.
        split: Whether it leaves out rows or whole groups.
        at: Costs at which quality is asked for.
        samples: Number of bootstrap samples.
        seed: Seed of folds, predictors and samples.
        embed: The embedding model, for families that need one.
        progress: Receives reports of progress.

    Raises:
        InputError: The tables cannot be judged by.
        PolicyError: A spec names what does not exist.
    """
    problem = set_problem(train, test, cost=cost, given=option_cost, only=options)
    notes = list(problem.notes)
    rounds, side = make_rounds(problem, count=folds, split=split, seed=seed, notes=notes)
    specs = {**routers, "random": "random"}  # the baseline that draws needs a path of its own
    made = predict(problem, rounds, specs, families, embed=embed, seed=seed, progress=progress)
    judge = Yardstick(
        problem.options, side.groups, side.quality, side.cost, made.level.argmax(axis=1),
        Resample(len(side), samples, seed), at, problem.labels,
    )  # fmt: skip
    pair = _pair(made, len(problem.options))
    _warn(side, judge, pair, problem, notes)
    found: dict[str, RouterResult] = {}
    for number, (name, own) in enumerate(made.routers.items()):
        progress(number, len(made.routers), "judging")
        found[name] = _judged(judge, own, specs[name], made, pair)
    drawn = found.pop("random")
    found = _corrected(found)
    low, high = judge.range
    # where one of two is right and the other wrong, it is the accuracy that tells
    gap = None if problem.labels else pair
    ranking = _ranked(found, gap is not None)
    return Evaluation(
        data=DataFacts(
            train=train.name,
            test=test.name if test is not None else None,
            options=problem.options,
            cost=CostFacts(problem.cost, low, high, problem.kinds) if problem.cost else None,
            queries=len(side),
            learnt_queries=len(problem.learn),
            split=split if test is None else "test",
            folds=len(rounds) if test is None else None,
            seed=seed,
            bootstrap=samples,
            weak=None if gap is None else problem.options[gap[0]],
            strong=None if gap is None else problem.options[gap[1]],
        ),
        features=FeatureFacts(
            families=list(families),
            number=made.features,
            fit_seconds=float(np.mean(made.feature_fit_seconds)),
            us=float(np.median(made.feature_us)),
            embedding_us=getattr(embed, "microseconds", None),
        ),
        routers=found,
        baselines={"random": drawn, **_baselines(judge, made)},
        complementarity=complementarity(
            problem.options, side.quality, side.cost, made.routers[ranking[0]].mean, made.expected,
            judge.resample,
        ),
        ranking=ranking,
        notes=notes,
    )  # fmt: skip


def _judged(
    judge: Yardstick, own: Predicted, spec: object, made: Predictions, pair: tuple[int, int] | None
) -> RouterResult:
    result = judge.judge(walk(own.mean, made.expected))
    if pair is not None:
        result = judge.with_pair(result, own.mean, *pair)
    training = Training(
        spec=spec,
        lambda_at={f"{price:g}": _lambda(price, own.mean, made.expected) for price in judge.at},
        train_seconds=float(np.mean(own.train_seconds)),
        decision_us=float(np.median(own.decision_us)),
        picked=own.picked,
    )
    return replace(result, training=training)


def _corrected(found: Mapping[str, RouterResult]) -> dict[str, RouterResult]:
    """Return the results with ``p_holm``: the luckiest of so many routers is picked."""
    tested = {name: own.tests for name, own in found.items() if own.tests is not None}
    corrected = holm({name: own.p_permutation for name, own in tested.items()})
    return {
        name: replace(own, tests=replace(tested[name], p_holm=corrected[name])) if name in tested else own
        for name, own in found.items()
    }


def _lambda(price: float, mean: Floats, expected: Floats) -> float | None:
    """Return the λ that keeps the mean expected cost to a price; ``None`` if none does."""
    try:
        return lambda_for(price, mean, expected[:, :, None], [1.0], least=0.0)
    except BudgetError:
        return None


def _baselines(judge: Yardstick, made: Predictions) -> dict[str, RouterResult]:
    rows = len(judge.quality)
    cheapest = made.typical.argmin(axis=1)
    strength = made.level.argsort(axis=1).argsort(axis=1)
    oracle = np.where(judge.best, strength, -1).argmax(axis=1)
    chosen = {"cheapest": cheapest, "best_single": judge.single}
    chosen |= {f"fixed:{name}": np.full(rows, k) for k, name in enumerate(judge.options)}
    found = {name: judge.judge(Path(np.zeros(1), index[None])) for name, index in chosen.items()}
    found["oracle"] = judge.judge(Path(np.zeros(1), oracle[None]))
    found["oracle_cheapest"] = judge.judge(walk(judge.quality, judge.cost))
    return found


def _ranked(found: Mapping[str, RouterResult], by_apgr: bool) -> list[str]:
    def worth(name: str) -> tuple[float, float, float]:
        own = found[name]
        apgr = own.pair.apgr if by_apgr and own.pair is not None else 0.0
        return (float(np.nan_to_num(apgr)), own.quality, own.area)

    return sorted(found, key=worth, reverse=True)


def _pair(made: Predictions, options: int) -> tuple[int, int] | None:
    """Return the weak and the strong one of two options, by the training data."""
    if options != 2:
        return None
    weak = int(made.level.mean(axis=0).argmin())
    return weak, 1 - weak


def _warn(
    side: Side, judge: Yardstick, pair: tuple[int, int] | None, problem: Problem, notes: list[str]
) -> None:
    if len(problem.options) == 1:
        notes.append(f"{problem.options[0]} is the only option: there is nothing to choose")
    elif (side.quality.max(axis=1) - side.quality.min(axis=1) < 1e-9).all():
        notes.append("every option gave the same quality on every query: routing can save cost, and no more")
    elif pair is not None:
        weak, strong = side.quality[:, list(pair)].mean(axis=0)
        if strong <= weak:
            notes.append(
                f"{problem.options[pair[1]]} was better in what was learnt from, but not in what is judged "
                "by: there is no gap to recover, so no APGR and CPT"
            )
    if len(side) < 100:
        notes.append(f"{len(side)} queries are few: mind the intervals")
    if len(np.unique(judge.single)) > 1:
        names = [problem.options[k] for k in np.unique(judge.single)]
        notes.append(f"the best single option differs by fold: {', '.join(names)}")
