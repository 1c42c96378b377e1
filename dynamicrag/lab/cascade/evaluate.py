"""Escalation policies on recorded drafts: the whole evaluation, as plain data.

Keys of the result (shares are from 0 to 1; what cannot be said is ``None``)::

    data            train, test, options, cost {name, low, high}, queries, learnt_queries,
                    drafts (of which signals are judged, at most), folds, seed, bootstrap, budget
    policies.NAME   spec
                    chosen               at the highest λ that lost no more than LOSS of the best quality in
                                         what was learnt from: quality, cost, escalated, abstained, gain
                                         (over the best single option, paired; p_permutation, p_holm),
                                         intervals
                    best                 the best point of the curve: quality, cost, escalated (in hindsight)
                    saving               share of the best single option's cost that is saved at its quality
                    quality_at_best_single_cost, area (see ``dynamicrag.lab.routing.evaluate``)
                    quality_at_share     {share escalated: {quality, cost, interval}}
                    quality_at           {cost: quality}, for --at
                    curve                [{lambda, cost, quality, escalated, abstained}]
                    over_router          quality at the chosen λ less the router's at the same mean cost:
                                         difference, cost, router, interval (paired bootstrap)
                    stages               [{stages, queries, gain, cost, interval}]: queries with a second
                                         draft, by the stages in which the accepted path differs from the
                                         first; gain and cost are what that added to the means over all
                                         queries; "kept": the first draft stood, "abstained"; empty where
                                         options are no paths
                    unanswerable         at the chosen λ, see .unanswered; None where every question has an
                                         answer. Baselines accept every draft: they are before, policies after
    baselines.NAME  the same, of router (predicted from the question, nothing verified), always_strong (the
                    dearest), always_weak (the cheapest), best_single, fixed:OPTION, random, oracle
                    (knows every outcome; never abstains) and oracle_cheapest
    ranking         policies by the best that they come to, at the λ chosen beforehand
    verifiers.NAME  see .verifiers; "learnt" is the scorer of all signals. cost: mean per draft of the
                    signal's verifier, 0 where it calls and embeds nothing, None where the table does not have
                    it in this unit; cost_share: of what the drafts cost without verification; cost_interval
    conformal       {α: coverage, interval, size, single, single_quality, routed {quality, escalated}}, of
                    the options, or of the distinct answers where they are known; solvable
    notes           what a reader must know

All drafts that are asked for are paid for, the failed ones too. ``escalated``: a strong option was run, or
where none is called so, a second draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.escalation.base import ABSTAIN, POLICIES
from dynamicrag.escalation.replay import Played, play
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.features.base import Embed
from dynamicrag.lab.cascade.changed import by_stage
from dynamicrag.lab.cascade.equal import over_router
from dynamicrag.lab.cascade.figures import Bench
from dynamicrag.lab.cascade.learn import Prior, learn
from dynamicrag.lab.cascade.price import choose, lambdas
from dynamicrag.lab.cascade.sets import judge_sets
from dynamicrag.lab.cascade.trials import Rounds, Trials
from dynamicrag.lab.cascade.verifiers import drafts, judge_signals
from dynamicrag.lab.outcomes.split import known_before, near_duplicates
from dynamicrag.lab.routing.evaluate import Evaluation
from dynamicrag.lab.routing.path import walk
from dynamicrag.lab.routing.plain_data import plain_data
from dynamicrag.lab.routing.predictions import Tell
from dynamicrag.lab.routing.resample import Resample, correct
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds as folds_of


def evaluate(
    train: Trials,
    test: Trials | None = None,
    *,
    policies: Mapping[str, object],
    router: object = "linear",
    families: Sequence[object] = ("lexical",),
    folds: int = 5,
    at: Sequence[float] = (),
    samples: int = 1000,
    seed: int = 0,
    budget: float = np.inf,
    embed: Embed | None = None,
    tell: Tell | None = None,
) -> Evaluation:
    """Judge policies and verifiers, by cross-validation or by other trials.

    Args:
        train: What is learnt from.
        test: What is judged by; by default ``train`` in turns.
        policies: Specs of policies, by the name that is shown.
        router: Spec of the predictor that says what to expect before anything is tried.
        families: Its features.
        folds: Number of folds of the cross-validation.
        at: Costs at which quality is asked for.
        samples: Number of bootstrap samples.
        seed: Seed of folds, predictors and samples.
        budget: Expected cost that one query may spend.
        embed: The embedding model, for families that need one.
        tell: Told how far it is.

    Raises:
        InputError: There is too little to be judged.
        PolicyError: A spec names what does not exist.
    """
    notes = [*train.notes, *(test.notes if test is not None else ())]
    judged = train if test is None else test
    rounds = _rounds(train, test, folds, seed, notes)
    grid = lambdas(train.cost)
    made: list[
        tuple[TrainingData, TrainingData]
    ] = []  # of every round, what was learnt from and what was judged
    prior = Prior(router, families, embed, seed)
    n = len(judged)
    played: dict[str, list[Played]] = {name: [_blank(judged) for _ in grid] for name in policies}
    chosen = {name: np.zeros(n, dtype=np.intp) for name in policies}
    labels = _labels(train)
    steps = len(rounds) * (len(policies) + 1)
    for number, (kept, out) in enumerate(rounds):
        learnt = learn(train, kept, labels, prior)
        ahead = learnt.lessons(judged, out)
        made.append((learnt.own, ahead))
        for step, (name, spec) in enumerate(policies.items(), 1):
            policy = POLICIES.build(spec, "--policies").fit(learnt.own)
            chosen[name][out] = choose(policy, learnt.model, learnt.own, grid, budget)
            for whole, lam in zip(played[name], grid, strict=True):
                part = play(policy, learnt.model, ahead, lam, budget)
                for field in ("accepted", "first", "tried", "quality", "cost"):
                    getattr(whole, field)[out] = getattr(part, field)
            if tell is not None:
                tell(number * (len(policies) + 1) + step + 1, steps, "replaying")
    order = np.concatenate([out for _, out in rounds])
    told = _together([ahead for _, ahead in made], order, n)
    level = np.empty((n, len(judged.options)))
    for kept, out in rounds:
        level[out] = train.quality[kept].mean(axis=0)
    bench = Bench(
        judged, level.argmax(axis=1), Resample(n, samples, seed), at, (train.cost.mean(axis=0).argmax(),)
    )
    found = {
        name: bench.policy(grid, played[name], chosen[name]) | {"spec": spec}
        for name, spec in policies.items()
    }
    correct(own["chosen"] for own in found.values())
    index = [np.asarray((told["prior"] - lam * told["expected"]).argmax(axis=1)) for lam in grid]
    baselines = {"router": bench.fixed(grid, index, np.zeros(n, dtype=np.intp))}
    for name, own in found.items():
        taken = _at(played[name], chosen[name])
        own["over_router"] = over_router(judged, taken, index, bench.resample)
        own["stages"] = by_stage(judged, taken, bench.resample)
    baselines |= _baselines(bench, judged, level)
    if n < 100:
        notes.append(f"{n} queries are few: mind the intervals")
    if judged.quality.min() == judged.quality.max():
        notes.append("every draft has the same quality: there is nothing to tell apart")
    result: Evaluation = plain_data({
        "data": {
            "train": train.name, "test": None if test is None else test.name, "options": list(judged.options),
            "cost": {"name": judged.unit, "low": bench.low, "high": bench.high}, "queries": n,
            "learnt_queries": len(train), "drafts": drafts(judged),
            "folds": len(rounds) if test is None else None, "seed": seed,
            "bootstrap": samples, "budget": budget if np.isfinite(budget) else None,
        },
        "policies": found,
        "baselines": baselines,
        "ranking": sorted(
            found, key=lambda name: (-found[name]["chosen"]["quality"], found[name]["chosen"]["cost"])
        ),
        "verifiers": judge_signals(train, judged, rounds, told["score"], bench.resample),
        "conformal": judge_sets(train, judged, rounds, made, bench),
        "notes": list(dict.fromkeys(notes)),
    })  # fmt: skip
    return result


def _rounds(train: Trials, test: Trials | None, count: int, seed: int, notes: list[str]) -> Rounds:
    everything = np.arange(len(train))
    if test is not None:
        leaked = int(known_before(train.texts, test.texts).sum())
        if leaked:
            notes.append(f"{leaked} of {len(test)} questions of the test are near-duplicates of learnt ones")
        return [(everything, np.arange(len(test)))]
    labels = _labels(train)
    if len(np.unique(labels)) < 2:
        raise InputError(
            f"{train.name}: cross-validation needs 2 different questions or more; give more, or --test"
        )
    fold = folds_of(len(train), count, labels, seed)
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(fold.max() + 1)]


def _labels(trials: Trials) -> NDArray[np.intp]:
    """Return what is not to be split: questions alike, unless nothing of a question is looked at."""
    return near_duplicates(trials.texts) if trials.seen else np.arange(len(trials))


def _blank(trials: Trials) -> Played:
    n, k = trials.quality.shape
    none = np.full(n, ABSTAIN, dtype=np.intp)
    return Played(none, none.copy(), np.zeros((n, k), dtype=bool), np.empty(n), np.empty(n))


def _at(played: Sequence[Played], chosen: NDArray[np.intp]) -> Played:
    """Return what each query came to at the λ that was chosen for it."""
    rows = np.arange(len(chosen))
    return Played(*(
        np.stack([getattr(own, field.name) for own in played])[chosen, rows] for field in fields(Played)
    ))  # fmt: skip


def _together(ahead: Sequence[TrainingData], order: NDArray[np.intp], n: int) -> dict[str, Floats]:
    """Return what was predicted of the judged rows, of all rounds together."""
    found = {}
    for name in ("prior", "expected", "score"):
        parts = np.concatenate([getattr(own, name) for own in ahead])
        found[name] = np.empty_like(parts)
        found[name][order[:n]] = parts
    return found


def _baselines(bench: Bench, judged: Trials, level: Floats) -> dict[str, Any]:
    n = len(judged)
    zero, none = np.zeros(1), np.zeros(n, dtype=np.intp)
    means = judged.cost.mean(axis=0)
    alone = {
        "always_strong": np.full(n, int(means.argmax())) if not judged.strong.any()
        else np.where(judged.strong, level, -1.0).argmax(axis=1),
        "always_weak": np.full(n, int(means.argmin())),
        "best_single": bench.single,
        **{f"fixed:{name}": np.full(n, option) for option, name in enumerate(judged.options)},
    }  # fmt: skip
    found = {name: bench.fixed(zero, [index], none) for name, index in alone.items()}
    path = walk(judged.quality, judged.cost)
    found["oracle"] = bench.fixed(zero, [path.index[0]], none)
    found["oracle_cheapest"] = bench.fixed(path.lam, list(path.index), none)
    ends = [found["always_weak"]["chosen"], found["best_single"]["chosen"]]
    found["random"] = {"curve": [{"lambda": None, **{n: e[n] for n in ("cost", "quality")}} for e in ends]}
    return found
