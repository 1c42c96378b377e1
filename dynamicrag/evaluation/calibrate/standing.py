"""What ways to choose come to, beside each other: quality, costs, and their intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynamicrag.evaluation.calibrate.world import Rows, World
from dynamicrag.evaluation.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

Figures = dict[str, Any]


def chances(index: Rows, options: int) -> Floats:
    """Return which path is taken as probabilities, (n, k)."""
    return np.eye(options)[index]


def standings(
    world: World, ways: Mapping[str, Floats], baseline: str, samples: int, seed: int
) -> dict[str, Figures]:
    """Return the figures of every way to choose.

    Args:
        world: The questions.
        ways: Probability of every path, (n, k), by name; with the baseline and ``oracle`` among them.
        baseline: The way that others are compared with.
        samples: Number of bootstrap samples; the same questions for all ways, so that they are paired.
        seed: Seed of the samples.

    Returns:
        By name: ``quality``, the scores, ``costs`` by dimension, ``ratio`` (of the told cost to the
        baseline's), ``difference`` (in quality to it), ``gap_closed`` (share of what the oracle has above
        it), ``shares`` of the paths; and ``intervals`` by the same names.
    """
    resample = Resample(len(world), samples, seed)
    quality = {name: (way * world.quality).sum(axis=1) for name, way in ways.items()}
    spent = {name: (way * world.costs[world.spent]).sum(axis=1) for name, way in ways.items()}
    reach = quality["oracle"] - quality[baseline]
    found = {}
    for name, way in ways.items():
        costs = {cost: (way * values).sum(axis=1) for cost, values in world.costs.items()}
        scores = {score: (way * values).sum(axis=1) for score, values in world.scores.items()}
        difference = quality[name] - quality[baseline]
        means = resample.means
        found[name] = {
            "quality": float(quality[name].mean()),
            "scores": {score: float(values.mean()) for score, values in scores.items()},
            "costs": {cost: float(values.mean()) for cost, values in costs.items()},
            "ratio": float(spent[name].mean() / spent[baseline].mean()),
            "difference": float(difference.mean()),
            "gap_closed": _share(float(difference.mean()), float(reach.mean())),
            "shares": {n: float(s) for n, s in zip(world.names, way.mean(axis=0), strict=True) if s > 0},
            "intervals": {
                "quality": interval(means(quality[name])),
                "scores": {score: interval(means(values)) for score, values in scores.items()},
                "costs": {cost: interval(means(values)) for cost, values in costs.items()},
                "ratio": interval(means(spent[name]) / np.maximum(means(spent[baseline]), 1e-12)),
                "difference": interval(means(difference)),
                "gap_closed": _gap_interval(means(difference), means(reach)),
            },
        }
    return found


def gain(better: Floats, worse: Floats, samples: int, seed: int) -> Figures:
    """Return by how much one is better than the other on the same questions, (n,) each.

    ``sure`` is whether by more than a standard error: less may be luck, and a rule that is understood is
    worth more than luck.
    """
    difference = better - worse
    error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else float("inf")
    return {
        "gain": float(difference.mean()),
        "interval": interval(Resample(len(difference), samples, seed).means(difference)),
        "error": error,
        "sure": bool(difference.mean() > error),
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 1e-9 else None


def _gap_interval(part: Floats, whole: Floats) -> list[float] | None:
    return interval(part / whole) if len(whole) and (whole > 1e-9).all() else None
