"""The evaluation of escalation policies and verifiers on recorded drafts; its result is in ``.results``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.escalation.base import POLICIES
from dynamicrag.escalation.replay import Played, play
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.lab.cascade.comparisons import by_stage, over_router
from dynamicrag.lab.cascade.conformal import judge_sets
from dynamicrag.lab.cascade.figures import Bench
from dynamicrag.lab.cascade.learn import learn
from dynamicrag.lab.cascade.replays import Replays, choose_lambda, fixed, lambdas, stacked
from dynamicrag.lab.cascade.results import CascadeResult, Data, Figures, PolicyFigures
from dynamicrag.lab.cascade.trials import Rounds, Trials
from dynamicrag.lab.cascade.verifiers import judge_signals, judged_options
from dynamicrag.lab.outcomes.split import known_before, near_duplicates
from dynamicrag.lab.progress import Progress, unreported
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.rejoin import rejoin
from dynamicrag.lab.results import CostRange, CurvePoint
from dynamicrag.lab.routing.path import walk
from dynamicrag.lab.routing.resample import Resample, holm
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds as folds_of


def evaluate(
    train: Trials,
    test: Trials | None = None,
    *,
    policies: Mapping[str, object],
    recipe: Recipe,
    folds: int = 5,
    at: Sequence[float] = (),
    samples: int = 1000,
    budget: float = np.inf,
    progress: Progress = unreported,
) -> CascadeResult:
    """Judge policies and verifiers, by cross-validation or on test data.

    Args:
        train: The training data.
        test: The test data; by default ``train`` is cross-validated.
        policies: Specs of policies, by the name that is shown.
        recipe: The method that predicts quality before any draft; its seed is that of folds and samples too.
        folds: Number of folds of the cross-validation.
        at: Costs at which quality is reported.
        samples: Number of bootstrap samples.
        budget: Expected cost that one query may spend.
        progress: Receives reports of progress.

    Raises:
        InputError: There is too little to be judged.
        PolicyError: A spec names what does not exist.
    """
    notes = [*train.notes, *(test.notes if test is not None else ())]
    # questions alike are not to be split, unless no feature sees a question
    labels = near_duplicates(train.texts) if train.seen else np.arange(len(train))
    rounds = _rounds(train, test, labels, folds, recipe.seed, notes)
    judged = train if test is None else test
    n, grid = len(judged), lambdas(train.cost)
    parts: dict[str, list[tuple[list[Played], NDArray[np.intp]]]] = {name: [] for name in policies}
    data: list[tuple[TrainingData, TrainingData]] = []  # of every round, for training and for judging
    done, steps = 0, len(rounds) * (len(policies) + 1)
    for kept, out in rounds:
        learnt = learn(train, kept, labels, recipe)
        ahead = learnt.predict(judged, out)
        data.append((learnt.own, ahead))
        done += 1
        for name, spec in policies.items():
            policy = POLICIES.build(spec, "--policies").fit(learnt.own)
            at_lam = choose_lambda(policy, learnt.model, learnt.own, grid, budget)
            played = [play(policy, learnt.model, ahead, lam, budget) for lam in grid]
            parts[name].append((played, np.full(len(out), at_lam)))
            done += 1
            progress(done, steps, "replaying")
    outs = [out for _, out in rounds]
    replays = {name: _joined(grid, own, outs) for name, own in parts.items()}
    first, expected, score = rejoin([(own.prior, own.expected, own.score) for _, own in data], outs)
    means = rejoin([np.tile(train.quality[kept].mean(axis=0), (len(out), 1)) for kept, out in rounds], outs)
    index = np.stack([(first - lam * expected).argmax(axis=1) for lam in grid])
    alone = fixed(judged, grid, index)
    bench = Bench(judged, means.argmax(axis=1), Resample(n, samples, recipe.seed), at)
    found = {
        name: _judged(bench.figures(own), spec, bench, own.at_chosen, alone)
        for (name, own), spec in zip(replays.items(), policies.values(), strict=True)
    }
    found = _corrected(found)
    baselines = {"router": bench.figures(alone), **_baselines(bench, means)}
    if n < 100:
        notes.append(f"{n} queries are few: mind the intervals")
    if judged.quality.min() == judged.quality.max():
        notes.append("every draft has the same quality: there is nothing to tell apart")
    ends = [baselines[name].chosen for name in ("always_weak", "best_single")]
    return CascadeResult(
        data=Data(
            train=train.name, test=None if test is None else test.name, options=list(judged.options),
            cost=CostRange(judged.unit, *bench.reach), queries=n, learnt_queries=len(train),
            drafts=n * len(judged_options(judged)), folds=len(rounds) if test is None else None,
            seed=recipe.seed, bootstrap=samples, budget=budget if np.isfinite(budget) else None,
        ),
        policies=found,
        baselines=baselines,
        random=[CurvePoint(None, end.cost, end.quality) for end in ends],
        ranking=sorted(found, key=lambda name: (-found[name].chosen.quality, found[name].chosen.cost)),
        verifiers=judge_signals(train, judged, rounds, score, bench.resample),
        conformal=judge_sets(train, bench, rounds, data),
        notes=list(dict.fromkeys(notes)),
    )  # fmt: skip


def _rounds(
    train: Trials, test: Trials | None, labels: NDArray[np.intp], count: int, seed: int, notes: list[str]
) -> Rounds:
    if test is not None:
        leaked = int(known_before(train.texts, test.texts).sum())
        if leaked:
            notes.append(f"{leaked} of {len(test)} test questions are near-duplicates of training questions")
        return [(np.arange(len(train)), np.arange(len(test)))]
    if len(np.unique(labels)) < 2:
        raise InputError(
            f"{train.name}: cross-validation needs 2 different questions or more; give more, or --test"
        )
    fold = folds_of(len(train), count, labels, seed)
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(fold.max() + 1)]


def _joined(
    grid: Floats, parts: Sequence[tuple[list[Played], NDArray[np.intp]]], rows: Sequence[NDArray[np.intp]]
) -> Replays:
    """Return a policy's replays of all rounds."""
    played = [rejoin([own[i] for own, _ in parts], rows) for i in range(len(grid))]
    return Replays(grid, stacked(played), rejoin([chosen for _, chosen in parts], rows))


def _judged(figures: Figures, spec: object, bench: Bench, taken: Played, router: Replays) -> PolicyFigures:
    return PolicyFigures(
        **{name: getattr(figures, name) for name in Figures.__dataclass_fields__},
        spec=spec,
        over_router=over_router(taken, router.played, bench.resample),
        stages=by_stage(bench.trials, taken, bench.resample),
    )


def _corrected(found: Mapping[str, PolicyFigures]) -> dict[str, PolicyFigures]:
    """Return policies with ``p_holm`` where there is a p."""
    tested = {name: own.chosen.p_permutation for name, own in found.items()}
    corrected = holm({name: p for name, p in tested.items() if p is not None})
    return {
        name: replace(own, chosen=replace(own.chosen, p_holm=corrected.get(name)))
        for name, own in found.items()
    }


def _baselines(bench: Bench, means: Floats) -> dict[str, Figures]:
    judged, n = bench.trials, len(bench.trials)
    cost = judged.cost.mean(axis=0)
    strong = np.full(n, int(cost.argmax()))
    if judged.strong.any():
        strong = np.where(judged.strong, means, -1.0).argmax(axis=1)
    path = walk(judged.quality, judged.cost)
    alone = {
        "always_strong": strong,
        "always_weak": np.full(n, int(cost.argmin())),
        "best_single": bench.single,
        **{f"fixed:{name}": np.full(n, option) for option, name in enumerate(judged.options)},
        "oracle": path.index[0],
    }
    found = {name: bench.figures(fixed(judged, np.zeros(1), index[None])) for name, index in alone.items()}
    return {**found, "oracle_cheapest": bench.figures(fixed(judged, path.lam, path.index))}
