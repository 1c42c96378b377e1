"""What ways to choose come to, beside each other: quality, costs, and their intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dynamicrag.lab.calibrate.came import Came
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

Figures = dict[str, Any]


def standings(
    world: World, ways: Mapping[str, Came], baseline: str, samples: int, seed: int
) -> dict[str, Figures]:
    """Return the figures of every way to choose.

    Args:
        world: The questions.
        ways: What every way came to, by name; with the baseline and ``oracle`` among them.
        baseline: The way that others are compared with.
        samples: Number of bootstrap samples; the same questions for all ways, so that they are paired.
        seed: Seed of the samples.

    Returns:
        By name: ``quality``, the scores, ``costs`` by dimension, ``ratio`` (of the told cost to the
        baseline's), ``difference`` (in quality to it), ``gap_closed`` (share of what the oracle has above
        it), ``shares`` of the paths; and ``intervals`` by the same names.
    """
    means = Resample(len(world), samples, seed).means
    base = ways[baseline]
    reach = ways["oracle"].quality - base.quality
    found = {}
    for name, way in ways.items():
        difference = way.quality - base.quality
        spent, theirs = way.costs[world.spent], base.costs[world.spent]
        found[name] = {
            "quality": float(way.quality.mean()),
            "scores": {score: float(values.mean()) for score, values in way.scores.items()},
            "costs": {cost: float(values.mean()) for cost, values in way.costs.items()},
            "ratio": float(spent.mean() / theirs.mean()),
            "difference": float(difference.mean()),
            "gap_closed": _share(float(difference.mean()), float(reach.mean())),
            "shares": {
                n: float(s) for n, s in zip(world.names, way.taken.mean(axis=0), strict=True) if s > 0
            },
            "intervals": {
                "quality": interval(means(way.quality)),
                "scores": {score: interval(means(values)) for score, values in way.scores.items()},
                "costs": {cost: interval(means(values)) for cost, values in way.costs.items()},
                "ratio": interval(means(spent) / np.maximum(means(theirs), 1e-12)),
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
