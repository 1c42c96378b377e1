"""Ways to choose beside each other: quality, costs and their intervals."""

from collections.abc import Mapping

import numpy as np

from dynamicrag.lab.calibrate.realised import Realised
from dynamicrag.lab.calibrate.results import Gain, Reach, Standing
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats


def standings(
    world: World, ways: Mapping[str, Realised], baseline: str, samples: int, seed: int
) -> dict[str, Standing]:
    """Return the figures of every way to choose.

    Args:
        world: The questions.
        ways: Realised figures by way to choose, with the baseline and ``oracle`` among them.
        baseline: The way that others are compared with.
        samples: Number of bootstrap samples; all ways share their questions, so differences are paired.
        seed: Seed of the samples.
    """
    means = Resample(len(world), samples, seed).means
    base, spent = ways[baseline], world.spent
    headroom = ways["oracle"].quality - base.quality
    sampled_headroom = means(headroom)
    some = bool(len(sampled_headroom)) and bool((sampled_headroom > 1e-9).all())
    found = {}
    for name, way in ways.items():
        difference = way.quality - base.quality
        sampled = means(difference)
        found[name] = Standing(
            quality=float(way.quality.mean()),
            scores={score: float(values.mean()) for score, values in way.scores.items()},
            costs={cost: float(values.mean()) for cost, values in way.costs.items()},
            ratio=float(way.costs[spent].mean() / base.costs[spent].mean()),
            difference=float(difference.mean()),
            gap_closed=float(difference.mean() / headroom.mean()) if headroom.mean() > 1e-9 else None,
            shares={
                path: float(share)
                for path, share in zip(world.names, way.taken.mean(axis=0), strict=True)
                if share > 0
            },
            intervals=Reach(
                quality=interval(means(way.quality)),
                scores={score: interval(means(values)) for score, values in way.scores.items()},
                costs={cost: interval(means(values)) for cost, values in way.costs.items()},
                ratio=interval(means(way.costs[spent]) / np.maximum(means(base.costs[spent]), 1e-12)),
                difference=interval(sampled),
                gap_closed=interval(sampled / sampled_headroom) if some else None,
            ),
        )
    return found


def gain(better: Floats, worse: Floats, samples: int, seed: int) -> Gain:
    """Return by how much one way is better than another on the same questions, (n,) each."""
    difference = better - worse
    mean = float(difference.mean())
    error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else float("inf")
    ends = interval(Resample(len(difference), samples, seed).means(difference))
    return Gain(mean, ends, error, mean > error)
