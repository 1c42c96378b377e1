"""A policy set to a target on one half of the questions and shown on the other, and the reverse.

Two halves, so that what is shown was never learnt from; and both ways round, so that few questions go as
far as they can: every figure is over all of them, each held out once. The policy that is written is
learnt from all questions in the same way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.evaluation.calibrate.forecast import (
    FOLDS,
    Forecast,
    Learnt,
    Recipe,
    forecast,
    held_out,
    learn,
)
from dynamicrag.evaluation.calibrate.replay import Replay, jointly, stagewise, walk
from dynamicrag.evaluation.calibrate.rules import check_options, rules_path
from dynamicrag.evaluation.calibrate.standing import chances, standings
from dynamicrag.evaluation.calibrate.target import Aim, Target, aim
from dynamicrag.evaluation.calibrate.world import Rows, World
from dynamicrag.evaluation.routing.path import Path
from dynamicrag.evaluation.routing.path import walk as free_walk
from dynamicrag.policy import Policy
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds

SAMPLES = 2000
LEAST = 20
Tell = Callable[[int, int, str], None]
BASELINE = "always-large"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a calibration comes to.

    Attributes:
        lam: How many times the policy's weights costs are reckoned; ``None`` where a path is fixed.
        path: The path that is always taken, where one is.
        missed: Why the target is not reached where it was set, if it is not.
        dearest: The most that a taken path is expected to cost on any question, by dimension.
    """

    lam: float | None
    path: int | None
    missed: str
    dearest: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Calibration:
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
) -> Calibration:
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
    total = 3 * FOLDS

    def step() -> None:
        if tell is not None:
            tell(next(done), total, "learning")

    parts, made = [], []
    calibrated = np.empty(len(world), dtype=np.intp)
    settings = []
    for number in (0, 1):
        own, shown = np.flatnonzero(half != number), np.flatnonzero(half == number)
        setting = _set(world.take(own), held_out(world.take(own), recipe, tell=step), weights, target)
        settings.append(setting)
        made.append(forecast(learn(world.take(own), recipe), world.take(shown)))
        calibrated[shown] = _chosen(world.take(shown), made[-1], weights, setting)
        parts.append(shown)
    seen = _ordered(made, parts, len(world))
    final = held_out(world, recipe, tell=step)
    setting = _set(world, final, weights, target)
    report, curves = _report(world, policy, target, recipe, seen, weights, calibrated, notes, samples)
    report["setting"] = {
        "lambda": setting.lam,
        "path": None if setting.path is None else world.names[setting.path],
        "missed": setting.missed,
        "weights": {name: (setting.lam or 0.0) * weight for name, weight in weights.items()},
        "halves": [{"lambda": s.lam, "path": None if s.path is None else world.names[s.path],
                    "missed": s.missed, "questions": int((half == i).sum())} for i, s in enumerate(settings)],
    }  # fmt: skip
    return Calibration(setting, learn(world, recipe), weights, report, curves)


def _weights(policy: Policy, world: World, notes: list[str]) -> dict[str, float]:
    known = {str(name): w for name, w in policy.objective.weights.items() if name in world.costs and w > 0}
    if known:
        return known
    notes.append(f"the policy weighs no cost that was recorded, so {world.spent} alone is weighed")
    return {world.spent: 1.0}


def _set(world: World, made: Forecast, weights: Mapping[str, float], target: Target) -> Setting:
    """Return the setting that comes to the target: a λ, or a single path where that does it for less."""
    path = walk(jointly, world, made, made.price(weights))
    fixed = np.repeat(np.arange(len(world.names))[:, None], len(world), axis=1)
    found: Aim = aim(world, np.concatenate([path.index, fixed]), target)
    at = found.position - len(path.lam)
    index = path.index[found.position] if at < 0 else fixed[at]
    rows = np.arange(len(world))
    dearest = {name: float(cost[rows, index].max()) for name, cost in made.costs.items()}
    return Setting(float(path.lam[found.position]) if at < 0 else None, at if at >= 0 else None,
                   found.missed, dearest)  # fmt: skip


def _chosen(world: World, made: Forecast, weights: Mapping[str, float], setting: Setting) -> Rows:
    if setting.lam is None:
        return np.full(len(world), setting.path or 0, dtype=np.intp)
    return jointly(world, made, setting.lam * made.price(weights))


def _ordered(made: list[Forecast], parts: list[Rows], rows: int) -> Forecast:
    from dynamicrag.evaluation.calibrate.forecast import _put, together

    place = np.empty(rows, dtype=np.intp)
    place[np.concatenate(parts)] = np.arange(rows)
    return _put(together(made), place)


def _report(
    world: World,
    policy: Policy,
    target: Target,
    recipe: Recipe,
    made: Forecast,
    weights: Mapping[str, float],
    calibrated: Rows,
    notes: list[str],
    samples: int,
) -> tuple[dict[str, Any], dict[str, Path]]:
    size, price = len(world.names), made.price(weights)
    large, small = ends(world)
    replays: dict[str, Replay] = {"joint": jointly, "per-stage": stagewise}
    curves = {name: walk(replay, world, made, price) for name, replay in replays.items()}
    oracle = free_walk(world.quality, world.costs[world.spent])
    ways: dict[str, Floats] = {
        BASELINE: chances(np.full(len(world), large), size),
        "always-small": chances(np.full(len(world), small), size),
        "random": np.full((len(world), size), 1 / size),
    }
    rules = rules_path(policy, world, made, recipe.embed, notes)
    if rules is not None:
        ways[f"policy {policy.name}"] = chances(rules, size)
    ways |= {name: chances(replay(world, made, price), size) for name, replay in replays.items()}
    ways["calibrated"] = chances(calibrated, size)
    ways["oracle"] = chances(oracle.index[0], size)
    ways |= {f"path {name}": chances(np.full(len(world), k), size) for k, name in enumerate(world.names)}
    found = standings(world, ways, BASELINE, samples, recipe.seed)
    return {
        "table": world.table,
        "questions": len(world),
        "target": {"quality": target.quality, "limits": dict(target.limits), "text": str(target)},
        "reached": _reached(world, target, found["calibrated"]),
        "baseline": {"name": BASELINE, "path": world.names[large]},
        "cost": world.spent,
        "learnt": {"router": recipe.router, "features": list(recipe.families), "seed": recipe.seed},
        "bootstrap": samples,
        "policies": {n: own for n, own in found.items() if not n.startswith("path ")},
        "paths": {n.removeprefix("path "): own for n, own in found.items() if n.startswith("path ")},
        "promised": {n: _promised(made, world, ways[n]) for n in ("joint", "per-stage", "calibrated")},
        "notes": notes,
    }, {**curves, "oracle": oracle}


def _reached(world: World, target: Target, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the held-out figures keep to the target."""
    told: dict[str, Any] = {}
    if target.quality is not None:
        share = own["quality"] / float(world.quality[:, world.best].mean())
        told["quality"] = {"wanted": target.quality, "came": share, "ok": share >= target.quality - 1e-9}
    for name, limit in target.limits.items():
        came = own["costs"][name]
        told[name] = {"wanted": limit, "came": came, "ok": came <= limit * (1 + 1e-9)}
    return told


def _promised(made: Forecast, world: World, way: Floats) -> dict[str, Any]:
    """Return what was expected of the paths taken, beside what came."""
    costs = {
        name: {"promised": float((way * cost).sum(axis=1).mean()),
               "realised": float((way * world.costs[name]).sum(axis=1).mean())}
        for name, cost in made.costs.items()
    }  # fmt: skip
    quality = {"promised": float((way * made.late).sum(axis=1).mean()),
               "realised": float((way * world.quality).sum(axis=1).mean())}  # fmt: skip
    return {"quality": quality, **costs}


def ends(world: World) -> tuple[int, int]:
    """Return the path of the largest model and of the smallest: retrieval once, the longest context."""
    wanted = {stage: world.options(stage)[-1] for stage in world.stages}
    if "single" in world.options("retrieval"):
        wanted["retrieval"] = "single"
    found = []
    for place in (-1, 0):
        steps = {
            **wanted,
            **({"generator": world.options("generator")[place]} if "generator" in wanted else {}),
        }
        column = world.column(steps)
        found.append(column if column is not None else place % len(world.names))
    return found[0], found[1]
