"""Verification against the router alone, at equal mean cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.replay import Played
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats


def over_router(
    trials: Trials, taken: Played, index: Sequence[NDArray[np.intp]], resample: Resample
) -> dict[str, Any]:
    """Return what a policy gives above the router's curve at the policy's own mean cost.

    The router's curve is read in hindsight and the policy's point was chosen beforehand, so the
    comparison leans towards the router; so it does where nothing of the router's is as cheap, and its
    cheapest is taken. Both are of the same queries in every sample.

    Args:
        trials: What is judged by.
        taken: What the policy came to at its chosen λ.
        index: What the router picks, by λ, each (n,).
        resample: Samples of the queries.
    """
    rows = np.arange(len(trials))
    quality = np.stack([trials.quality[rows, own] for own in index])
    cost = np.stack([trials.cost[rows, own] for own in index])
    spent = float(taken.cost.mean())
    router = _quality_at(cost.mean(axis=1), quality.mean(axis=1), spent)
    sampled = zip(
        resample.means(taken.quality), resample.means(taken.cost), resample.means(cost),
        resample.means(quality), strict=True,
    )  # fmt: skip
    drawn = np.array([own - _quality_at(x, y, float(at)) for own, at, x, y in sampled])
    return {
        "cost": spent,
        "router": router,
        "difference": float(taken.quality.mean()) - router,
        "interval": interval(drawn),
    }


def _quality_at(cost: Floats, quality: Floats, at: float) -> float:
    curve = Curve.of(cost, quality)
    return curve.quality_at(max(at, float(curve.cost[0])))
