"""A policy set to a target on one half of the questions and shown on the other, and the reverse.

Two halves, so that what is shown was never learnt from; and both ways round, so that few questions go as
far as they can: every figure is over all of them, each held out once. The policy that is written is
learnt from all questions in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamicrag.errors import DynamicRAGError, InputError
from dynamicrag.lab.calibrate.came import Came, came, drawn
from dynamicrag.lab.calibrate.forecast import (
    FOLDS,
    Forecast,
    Learnt,
    Recipe,
    forecast,
    held_out,
    learn,
    together,
)
from dynamicrag.lab.calibrate.options import check_options, ends, unvaried
from dynamicrag.lab.calibrate.replay import Replay, jointly, stagewise, walk
from dynamicrag.lab.calibrate.setting import Check, Setting, set_to, shows
from dynamicrag.lab.calibrate.standing import standings
from dynamicrag.lab.calibrate.target import Target
from dynamicrag.lab.calibrate.walked import Walked, Walks, walkable
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.routing.path import Path
from dynamicrag.lab.routing.path import walk as free_walk
from dynamicrag.policy import Policy
from dynamicrag.predictors.crossfit import folds

SAMPLES = 2000
LEAST = 20
Tell = Callable[[int, int, str], None]
BASELINE = "always-large"


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """A calibration.

    Attributes:
        setting: What the written policy takes, set on all questions.
        learnt: What it was learnt.
        weights: What a unit of cost is worth at λ = 1.
        report: The held-out figures, as plain data.
        curves: Held-out choices along λ, by name.
    """

    setting: Setting
    learnt: Learnt
    weights: Mapping[str, float]
    report: dict[str, Any]
    curves: Mapping[str, Path]


def calibrate(
    world: World,
    policy: Policy,
    target: Target,
    recipe: Recipe,
    *,
    samples: int = SAMPLES,
    tell: Tell | None = None,
) -> CalibrationResult:
    """Set a policy to a target.

    Args:
        world: Recorded questions and paths.
        policy: The policy that is calibrated.
        target: What is to be reached.
        recipe: How routers are learnt.
        samples: Number of bootstrap samples.
        tell: Told how far it is.

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
        if tell is not None:
            tell(next(done), 3 * FOLDS, "learning")

    pipeline = walkable(policy, world.stages, notes)
    shown = pipeline is not None and shows(policy, world, notes)

    def walked(own: World, seen: Forecast, told: list[str]) -> tuple[Check, Walked | None]:
        walks = None if pipeline is None else Walks(pipeline, own, seen)
        return Check(walks, shown=shown), None if walks is None else _policy(walks, told)

    def set_on(own: World) -> Setting:
        seen = held_out(own, recipe, tell=step)
        check, taken = walked(own, seen, [])
        return set_to(own, seen, weights, target, check, taken)

    halves = [np.flatnonzero(half == number) for number in (0, 1)]
    settings, made, calibrated = [], [], []
    for number in (0, 1):
        own, rest = world.take(halves[1 - number]), world.take(halves[number])
        settings.append(set_on(own))
        made.append(forecast(learn(own, recipe), rest))
        calibrated.append(settings[-1].apply(rest, made[-1], weights, *walked(rest, made[-1], [])))
    seen = together(made, halves)
    _, itself = walked(world, seen, notes)
    report, curves = _report(
        world, policy, itself, recipe, seen, weights, _joined(calibrated, halves), notes, samples, shown=shown
    )
    setting = set_on(world)
    report |= {
        "target": {"quality": target.quality, "limits": dict(target.limits), "text": str(target)},
        "reached": _reached(world, target, report["policies"]["calibrated"]),
        "setting": _told(world, weights, setting),
        "halves": [
            {**_told(world, weights, own), "questions": len(rows)}
            for own, rows in zip(settings, halves, strict=True)
        ],
    }
    return CalibrationResult(setting, learn(world, recipe), weights, report, curves)


def _policy(walks: Walks, notes: list[str]) -> Walked | None:
    """Return what becomes of the policy itself; ``None`` and a note where a router cannot say."""
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


def _joined(parts: Sequence[Came], rows: Sequence[Any]) -> Came:
    order = np.argsort(np.concatenate(list(rows)))
    first = parts[0]
    return Came(
        np.concatenate([part.quality for part in parts])[order],
        {n: np.concatenate([part.costs[n] for part in parts])[order] for n in first.costs},
        {n: np.concatenate([part.scores[n] for part in parts])[order] for n in first.scores},
        np.concatenate([part.taken for part in parts])[order],
    )


def _told(world: World, weights: Mapping[str, float], setting: Setting) -> dict[str, Any]:
    return {
        "lambda": setting.lam,
        "path": None if setting.path is None else world.names[setting.path],
        "weights": {name: (setting.lam or 0.0) * weight for name, weight in weights.items()},
        "thresholds": dict(setting.thresholds),
        "missed": setting.missed,
    }


def _report(
    world: World,
    policy: Policy,
    own: Walked | None,
    recipe: Recipe,
    made: Forecast,
    weights: Mapping[str, float],
    calibrated: Came,
    notes: list[str],
    samples: int,
    *,
    shown: bool,
) -> tuple[dict[str, Any], dict[str, Path]]:
    price = made.price(weights)
    large, small = ends(world, policy)
    replays: dict[str, Replay] = {"joint": jointly, "per-stage": stagewise}
    curves = {name: walk(replay, world, made, price) for name, replay in replays.items()}
    oracle = free_walk(world.quality, world.costs[world.spent])

    def always(path: int) -> Came:
        return came(world, np.full(len(world), path))

    ways = {BASELINE: always(large), "always-small": always(small), "random": drawn(world)}
    if own is not None:
        ways[f"policy {policy.name}"] = own.came(world)
        if shown:
            ways["its drafts, unverified"] = came(world, own.first)
        if alike := unvaried(policy, world):
            notes.append(
                f"{', '.join(alike)}: not varied in the table, so the policy is judged as if it always took "
                "what was recorded"
            )
        if lost := int(own.unrecorded.sum()):
            notes.append(
                f"{lost} of the policy's choices lead to what was not recorded: it chose again among what was"
            )
    ways |= {name: came(world, replay(world, made, price)) for name, replay in replays.items()}
    ways |= {"calibrated": calibrated, "oracle": came(world, oracle.index[0])}
    alone = {f"path {name}": always(k) for k, name in enumerate(world.names)}
    found = standings(world, {**ways, **alone}, BASELINE, samples, recipe.seed)
    report = {
        "table": world.table,
        "questions": len(world),
        "baseline": {"name": BASELINE, "path": world.names[large]},
        "cost": world.spent,
        "learnt": {"router": recipe.router, "features": list(recipe.families), "seed": recipe.seed},
        "bootstrap": samples,
        "policies": {name: found[name] for name in ways},
        "paths": {name: found[f"path {name}"] for name in world.names},
        "promised": {name: _promised(made, ways[name]) for name in ("joint", "per-stage", "calibrated")},
        "notes": notes,
    }
    return report, {**curves, "oracle": oracle}


def _reached(world: World, target: Target, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the held-out figures keep to the target."""
    told: dict[str, Any] = {}
    if target.quality is not None:
        share = own["quality"] / float(world.quality[:, world.best].mean())
        told["quality"] = {"wanted": target.quality, "came": share, "ok": share >= target.quality - 1e-9}
    for name, limit in target.limits.items():
        spent = own["costs"][name]
        told[name] = {"wanted": limit, "came": spent, "ok": spent <= limit * (1 + 1e-9)}
    return told


def _promised(made: Forecast, way: Came) -> dict[str, Any]:
    """Return what was expected of the paths first taken, beside what came, escalations included."""
    expected = {"quality": made.late, **made.costs}
    realised = {"quality": way.quality, **way.costs}
    return {
        name: {
            "promised": float((way.taken * values).sum(axis=1).mean()),
            "realised": float(realised[name].mean()),
        }
        for name, values in expected.items()
    }
