"""Escalation policies on recorded drafts: the whole evaluation, as plain data.

Keys of the result (shares are from 0 to 1; what cannot be said is ``None``)::

    data            train, test, options, cost {name, low, high}, queries, learnt_queries, folds, seed,
                    bootstrap, budget
    policies.NAME   spec
                    chosen               at the highest λ that lost no more than LOSS of the best quality in
                                         what was learnt from: quality, cost, escalated, abstained, gain
                                         (over the best single option, paired; p_permutation, p_holm),
                                         intervals
                    best                 the best point of the curve: quality, cost, escalated (in hindsight)
                    saving               share of the best single option's cost that is saved at its quality
                    quality_at_best_single_cost, area (see ``dynamicrag.evaluation.routing.evaluate``)
                    quality_at_share     {share escalated: {quality, cost, interval}}
                    quality_at           {cost: quality}, for --at
                    curve                [{lambda, cost, quality, escalated, abstained}]
                    invented             share of unanswerable questions that were answered all the same
                    wrongly_abstained    share of answerable ones that were not
    baselines.NAME  the same, of router (predicted from the question, nothing verified), always_strong (the
                    dearest), always_weak (the cheapest), best_single, fixed:OPTION, random, oracle
                    (knows every outcome; never abstains) and oracle_cheapest
    ranking         policies by the best that they come to, at the λ chosen beforehand
    verifiers.NAME  see .verifiers; "learnt" is the scorer of all signals
    conformal       {α: coverage, interval, size, single, single_quality, routed {quality, escalated}}, of
                    the options, or of the distinct answers where they are known; solvable
    notes           what a reader must know

All drafts that are asked for are paid for, the failed ones too. ``escalated``: a strong option was run, or
where none is called so, a second draft.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.escalation.base import ABSTAIN, POLICIES
from dynamicrag.escalation.calibration import Calibration
from dynamicrag.escalation.conformal import Conformal
from dynamicrag.escalation.replay import Played, play
from dynamicrag.evaluation.cascade.figures import Bench
from dynamicrag.evaluation.cascade.learn import Learnt, learn
from dynamicrag.evaluation.cascade.trials import RIGHT, Trials
from dynamicrag.evaluation.cascade.verifiers import judge_signal
from dynamicrag.evaluation.outcomes.split import known_before, near_duplicates
from dynamicrag.evaluation.routing.evaluate import Evaluation, _plain
from dynamicrag.evaluation.routing.path import walk
from dynamicrag.evaluation.routing.predictions import Tell
from dynamicrag.evaluation.routing.resample import Resample, holm, interval
from dynamicrag.features.base import Embed
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds as folds_of

ALPHAS = (0.05, 0.1, 0.2)
LAMBDAS = 25
"""Points of a curve."""
EVERY = 3
"""Of these, every third is tried on what was learnt from, to choose one."""
LOSS = 0.005
"""Mean quality that may be given up for a lower cost, where one λ is chosen."""


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
    grid = _lambdas(train.cost)
    made: list[Learnt] = []
    n = len(judged)
    played: dict[str, list[Played]] = {name: [_blank(judged) for _ in grid] for name in policies}
    chosen = {name: np.zeros(n, dtype=np.intp) for name in policies}
    labels = _labels(train)
    steps = len(rounds) * (len(policies) + 1)
    for number, (kept, out) in enumerate(rounds):
        learnt = learn(
            train, kept, judged, out, labels, router=router, families=families, embed=embed, seed=seed
        )
        made.append(learnt)
        for step, (name, spec) in enumerate(policies.items(), 1):
            policy = POLICIES.build(spec, "--policies").fit(learnt.own)
            gave = [
                play(policy, learnt.model, learnt.own, lam, budget).quality.mean() for lam in grid[::EVERY]
            ]
            chosen[name][out] = EVERY * int(np.flatnonzero(np.array(gave) >= max(gave) - LOSS)[-1])
            for whole, lam in zip(played[name], grid, strict=True):
                part = play(policy, learnt.model, learnt.judged, lam, budget)
                for field in ("accepted", "tried", "quality", "cost"):
                    getattr(whole, field)[out] = getattr(part, field)
            if tell is not None:
                tell(number * (len(policies) + 1) + step + 1, steps, "replaying")
    order = np.concatenate([out for _, out in rounds])
    told = _together(made, order, n)
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
    _adjust(found)
    index = [np.asarray((told["prior"] - lam * told["expected"]).argmax(axis=1)) for lam in grid]
    baselines = {"router": bench.fixed(grid, index, np.zeros(n, dtype=np.intp))}
    baselines |= _baselines(bench, judged, level)
    if n < 100:
        notes.append(f"{n} queries are few: mind the intervals")
    if judged.quality.min() == judged.quality.max():
        notes.append("every draft has the same quality: there is nothing to tell apart")
    result: Evaluation = _plain({
        "data": {
            "train": train.name, "test": None if test is None else test.name, "options": list(judged.options),
            "cost": {"name": judged.unit, "low": bench.low, "high": bench.high}, "queries": n,
            "learnt_queries": len(train), "folds": len(rounds) if test is None else None, "seed": seed,
            "bootstrap": samples, "budget": budget if np.isfinite(budget) else None,
        },
        "policies": found,
        "baselines": baselines,
        "ranking": sorted(
            found, key=lambda name: (-found[name]["chosen"]["quality"], found[name]["chosen"]["cost"])
        ),
        "verifiers": _verifiers(train, judged, rounds, told["score"], bench),
        "conformal": _conformal(train, judged, rounds, made, bench),
        "notes": list(dict.fromkeys(notes)),
    })  # fmt: skip
    return result


def _rounds(
    train: Trials, test: Trials | None, count: int, seed: int, notes: list[str]
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
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


def _lambdas(cost: Floats) -> Floats:
    """Return the λ of a curve: from where cost does not matter to where the dearest is worth 10 answers."""
    unit = max(float(cost.mean(axis=0).max()), 1e-12)
    return np.concatenate([[0.0], np.geomspace(0.003, 10, LAMBDAS - 1) / unit])


def _blank(trials: Trials) -> Played:
    n, k = trials.quality.shape
    return Played(np.full(n, ABSTAIN, dtype=np.intp), np.zeros((n, k), dtype=bool), np.empty(n), np.empty(n))


def _together(made: Sequence[Learnt], order: NDArray[np.intp], n: int) -> dict[str, Floats]:
    """Return what was predicted of the judged rows, of all rounds together."""
    found = {}
    for name in ("prior", "expected", "score"):
        parts = np.concatenate([getattr(own.judged, name) for own in made])
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


def _adjust(found: Mapping[str, Any]) -> None:
    """Say how likely each gain is by chance, when the luckiest of so many policies is picked."""
    told = [own["chosen"] for own in found.values() if "p_permutation" in own["chosen"]]
    for own, value in zip(told, holm([own["p_permutation"] for own in told]), strict=True):
        own["p_holm"] = value


def _verifiers(
    train: Trials, judged: Trials, rounds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    score: Floats, bench: Bench,
) -> dict[str, Any]:  # fmt: skip
    """Judge every signal; along a chain, at its end alone, for drafts before it are parts of that one."""
    last = [k for k, own in enumerate(judged.chain) if own < 0 or own not in judged.chain[k + 1 :]]
    options = [judged.options[k] for k in last]
    quality = judged.quality[:, last]
    found = {}
    for s, name in enumerate(judged.names):
        signal = judged.signals[:, last, s]
        p = np.full(signal.shape, np.nan)
        for kept, out in rounds:
            known, right = train.signals[kept][:, last, s], train.quality[kept][:, last]
            p[out] = Calibration().fit(known.ravel(), right.ravel()).predict(signal[out])
        if np.isfinite(signal).any():
            found[name] = judge_signal(signal, p, quality, bench.resample, options)
    found["learnt"] = judge_signal(score[:, last], score[:, last], quality, bench.resample, options)
    return found


def _conformal(
    train: Trials, judged: Trials, rounds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    made: Sequence[Learnt], bench: Bench,
) -> dict[str, Any]:  # fmt: skip
    """Judge conformal sets of answers, where they are known, and else of options by what is predicted."""
    n, k = judged.quality.shape
    answers = train.answers is not None and judged.answers is not None
    width = judged.answers.p.shape[1] if judged.answers is not None else k
    p, right = np.full((n, width), np.nan), np.zeros((n, width), dtype=bool)
    inside = {alpha: np.zeros((n, width), dtype=bool) for alpha in ALPHAS}
    for (kept, out), learnt in zip(rounds, made, strict=True):
        if train.answers is not None and judged.answers is not None:
            known = train.answers.p[kept], train.answers.right[kept]
            p[out], right[out] = judged.answers.p[out], judged.answers.right[out]
        else:
            known = learnt.own.score, learnt.own.quality >= RIGHT
            p[out], right[out] = learnt.judged.score, learnt.judged.quality >= RIGHT
        sets = Conformal().fit(*known)
        for alpha in ALPHAS:
            inside[alpha][out] = sets.sets(p[out], alpha)
    solvable = np.asarray((right & np.isfinite(p)).any(axis=1))
    weak = int(np.flatnonzero(judged.chain >= 0)[-1]) if answers else int(judged.cost.mean(axis=0).argmin())
    strong = np.where(judged.strong, judged.quality.mean(axis=0), -1.0).argmax() if answers else bench.single
    rows = np.arange(n)
    found: dict[str, Any] = {
        "of": "answers" if answers else "options",
        "solvable": solvable.mean(),
        "levels": {},
    }
    for alpha, own in inside.items():
        held = np.asarray((own & right).any(axis=1))
        size = own.sum(axis=1)
        weights = bench.resample.counts[:, solvable]
        covered = weights @ held[solvable] / np.maximum(weights.sum(axis=1), 1)
        single = size == 1
        routed = np.where(single, judged.quality[:, weak], judged.quality[rows, strong])
        found["levels"][f"{alpha:g}"] = {
            "target": 1 - alpha,
            "coverage": held[solvable].mean() if solvable.any() else None,
            "interval": interval(covered),
            "size": size.mean(),
            "single": single.mean(),
            **(
                {
                    "single_quality": judged.quality[single, weak].mean() if single.any() else None,
                    "routed": {"quality": routed.mean(), "escalated": 1 - single.mean()},
                }
                if answers
                else {}
            ),
        }
    return found
