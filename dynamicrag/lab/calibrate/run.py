"""A policy set to a target on one half of the questions and evaluated on the other, and the reverse.

Every figure is over all questions, each held out once. The policy that is written is learnt from all
questions in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamicrag.errors import DynamicRAGError, InputError
from dynamicrag.lab.calibrate.forecast import FOLDS, Forecast, Learnt, forecast, held_out, learn
from dynamicrag.lab.calibrate.options import check_options, ends, unvaried
from dynamicrag.lab.calibrate.realised import Realised, realise, realise_random
from dynamicrag.lab.calibrate.replay import Replay, jointly, stagewise, walk
from dynamicrag.lab.calibrate.results import (
    Baseline,
    Goal,
    Learning,
    Promise,
    Report,
    SettingReport,
    Standing,
    TargetReport,
)  # fmt: skip
from dynamicrag.lab.calibrate.setting import Setting, set_to, shows, tightened
from dynamicrag.lab.calibrate.standing import standings
from dynamicrag.lab.calibrate.target import Target
from dynamicrag.lab.calibrate.walked import Verdicts, Walked, Walks, walkable
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.progress import Progress, unreported
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.rejoin import rejoin
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.path import Path
from dynamicrag.lab.routing.path import walk as free_walk
from dynamicrag.policy.policy import Policy
from dynamicrag.predictors.crossfit import folds

SAMPLES = 2000
LEAST = 20
BASELINE = "always-large"


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """A calibration.

    Attributes:
        setting: The setting of the written policy, from all questions.
        learnt: Its routers.
        weights: Quality that a unit of cost is worth at λ = 1.
        report: The held-out figures.
        curves: Held-out quality over cost along λ, by name.
    """

    setting: Setting
    learnt: Learnt
    weights: Mapping[str, float]
    report: Report
    curves: Mapping[str, Curve]


def calibrate(
    world: World,
    policy: Policy,
    target: Target,
    recipe: Recipe,
    *,
    samples: int = SAMPLES,
    progress: Progress = unreported,
) -> CalibrationResult:
    """Set a policy to a target.

    Args:
        world: Recorded questions and paths.
        policy: The policy that is calibrated.
        target: The target.
        recipe: The method that learns routers.
        samples: Number of bootstrap samples.
        progress: Receives reports of progress.

    Raises:
        InputError: The target cannot be aimed at, or the table is not of the policy's options.
    """
    target.check(world)
    check_options(policy, world)
    notes = list(world.notes)
    weights = _weights(policy, world, notes)
    half = folds(len(world), 2, world.labels, recipe.seed)
    if half.max() == 0:
        raise InputError(f"{world.table}: all questions are alike, so that none can be held out")
    done = iter(range(1, 100))

    def step() -> None:
        progress(next(done), 3 * FOLDS, "learning")

    pipeline = walkable(policy, world.stages, notes)
    shown = pipeline is not None and shows(policy, world, notes)

    def walked(own: World, seen: Forecast, remarks: list[str]) -> tuple[list[Verdicts], Walked | None]:
        walks = None if pipeline is None else Walks(pipeline, own, seen)
        return tightened(walks, shown=shown), None if walks is None else _policy(walks, remarks)

    def set_on(own: World) -> Setting:
        seen = held_out(own, recipe, progress=step)
        return set_to(own, seen, weights, target, *walked(own, seen, []))

    halves = [np.flatnonzero(half == number) for number in (0, 1)]
    settings, parts, realised = [], [], []
    for number in (0, 1):
        own, rest = world.take(halves[1 - number]), world.take(halves[number])
        settings.append(set_on(own))
        parts.append(forecast(learn(own, recipe), rest))
        realised.append(settings[-1].apply(rest, parts[-1], weights, *walked(rest, parts[-1], [])))
    made: Forecast = rejoin(parts, halves)
    _, itself = walked(world, made, notes)
    ways = _ways(world, policy, itself, shown=shown)
    price = made.price(weights)
    replays: dict[str, Replay] = {"joint": jointly, "per-stage": stagewise}
    ways |= {name: realise(world, replay(world, made, price)) for name, replay in replays.items()}
    oracle = free_walk(world.quality, world.costs[world.spent])
    ways |= {"calibrated": rejoin(realised, halves), "oracle": realise(world, oracle.index[0])}
    alone = {f"path {name}": realise(world, np.full(len(world), k)) for k, name in enumerate(world.names)}
    found = standings(world, {**ways, **alone}, BASELINE, samples, recipe.seed)
    notes += _remarks(policy, world, itself)
    setting = set_on(world)
    report = Report(
        table=world.table,
        questions=len(world),
        baseline=Baseline(BASELINE, world.names[ends(world, policy)[0]]),
        cost=world.spent,
        learnt=Learning(recipe.router, list(recipe.families), recipe.seed),
        bootstrap=samples,
        policies={name: found[name] for name in ways},
        paths={name: found[f"path {name}"] for name in world.names},
        promised={name: _promised(made, ways[name]) for name in (*replays, "calibrated")},
        target=TargetReport(target.quality, dict(target.limits), str(target)),
        reached=_reached(world, target, found["calibrated"]),
        setting=_described(world, weights, setting),
        halves=[
            _described(world, weights, own, len(rows)) for own, rows in zip(settings, halves, strict=True)
        ],
        notes=notes,
    )
    walks = {name: walk(replay, world, made, price) for name, replay in replays.items()}
    curves = {name: _curve(world, path) for name, path in {**walks, "oracle": oracle}.items()}
    return CalibrationResult(setting, learn(world, recipe), weights, report, curves)


def _policy(walks: Walks, notes: list[str]) -> Walked | None:
    """Return the policy's own walks; ``None`` and a note where a router cannot say."""
    try:
        return walks.policy()
    except DynamicRAGError as error:
        notes.append(f"the policy's own routers cannot be replayed: {error}")
        return None


def _weights(policy: Policy, world: World, notes: list[str]) -> dict[str, float]:
    known = {str(name): w for name, w in policy.objective.weights.items() if name in world.costs and w > 0}
    if known:
        return known
    notes.append(f"the policy weighs no cost that was recorded, so {world.spent} alone is weighed")
    return {world.spent: 1.0}


def _ways(world: World, policy: Policy, own: Walked | None, *, shown: bool) -> dict[str, Realised]:
    """Return the baselines and the policy itself."""
    large, small = ends(world, policy)
    ways = {
        BASELINE: realise(world, np.full(len(world), large)),
        "always-small": realise(world, np.full(len(world), small)),
        "random": realise_random(world),
    }
    if own is not None:
        ways[f"policy {policy.name}"] = own.realised(world)
        if shown:
            ways["its drafts, unverified"] = realise(world, own.first)
    return ways


def _remarks(policy: Policy, world: World, own: Walked | None) -> list[str]:
    notes = []
    if own is not None and (alike := unvaried(policy, world)):
        notes.append(
            f"{', '.join(alike)}: not varied in the table, so the policy is judged as if it always took "
            "what was recorded"
        )
    if own is not None and (lost := int(own.unrecorded.sum())):
        notes.append(
            f"{lost} of the policy's choices lead to what was not recorded: it chose again among what was"
        )
    return notes


def _described(
    world: World, weights: Mapping[str, float], setting: Setting, questions: int | None = None
) -> SettingReport:
    path = None if setting.path is None else world.names[setting.path]
    weighed = {name: (setting.lam or 0.0) * weight for name, weight in weights.items()}
    return SettingReport(setting.lam, path, weighed, setting.thresholds, setting.missed, questions)


def _reached(world: World, target: Target, own: Standing) -> dict[str, Goal]:
    """Return whether the held-out figures keep to the target."""
    goals = {}
    if target.quality is not None:
        share = own.quality / float(world.quality[:, world.best].mean())
        goals["quality"] = Goal(target.quality, share, share >= target.quality - 1e-9)
    for name, limit in target.limits.items():
        goals[name] = Goal(limit, own.costs[name], own.costs[name] <= limit * (1 + 1e-9))
    return goals


def _promised(made: Forecast, way: Realised) -> dict[str, Promise]:
    """Return the expected figures of the paths first taken, beside the realised ones, with escalations."""
    expected, realised = {"quality": made.late, **made.costs}, {"quality": way.quality, **way.costs}
    return {
        name: Promise(float((way.taken * values).sum(axis=1).mean()), float(realised[name].mean()))
        for name, values in expected.items()
    }


def _curve(world: World, path: Path) -> Curve:
    return Curve.of(path.of(world.costs[world.spent]).mean(axis=1), path.of(world.quality).mean(axis=1))
