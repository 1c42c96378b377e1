"""The choices of learnt routers on recorded paths, for many questions and values of λ at once.

A walk (:mod:`dynamicrag.walk.replay`) with such routers at its stages makes the same choices; a test holds
it. A walk takes 0.3 ms a question and λ: 6 s for 300 questions and 60 λ. This takes 6 ms.
"""

from collections.abc import Callable

import numpy as np

from dynamicrag.lab.calibrate.forecast import Forecast
from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.lab.routing.path import Path
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.selection import select
from dynamicrag.topology import TOPOLOGY

Replay = Callable[[World, Forecast, Floats], Rows]
STEPS = 60
"""Values of λ above 0 that are tried."""


def jointly(world: World, made: Forecast, price: Floats) -> Rows:
    """Return the path that a joint router ends on, (n,).

    It plans on the signals before retrieval; once its retrieval is done it plans again, among the
    paths that continue from there.
    """
    first = _take(made.early, price)
    ways = [tuple(path.get(stage, "") for stage in TOPOLOGY.ahead) for path in world.paths]
    group = np.array([ways.index(way) for way in ways])
    again = _take(np.where(group == group[first][:, None], made.late, -np.inf), price)
    retrieves = np.array([path.get("retrieval") != "none" for path in world.paths])
    return np.where(retrieves[first], again, first)


def stagewise(world: World, made: Forecast, price: Floats) -> Rows:
    """Return the path on which routers of single stages end, (n,).

    Each decides by its own options alone, with the stages before it as decided and those after it as planned.
    """
    taken = np.empty(len(world), dtype=np.intp)
    groups: list[tuple[dict[str, str], Rows]] = [({}, np.arange(len(world)))]
    for stage in world.stages:
        groups = [part for steps, rows in groups for part in _split(world, made, price, stage, steps, rows)]
    for steps, rows in groups:
        taken[rows] = world.agreeing(steps)[0]
    return taken


def walk(replay: Replay, world: World, made: Forecast, price: Floats) -> Path:
    """Return the choices from quality alone to cost alone."""
    spread = np.abs(made.early - made.early.mean(axis=1, keepdims=True)).mean()
    scale = spread / max(float(price.mean(axis=0).std()), 1e-12)
    lam = np.concatenate([[0.0], np.geomspace(0.01, 100, STEPS) * scale])
    return Path(lam, np.stack([replay(world, made, value * price) for value in lam]))


def _take(score: Floats, price: Floats) -> Rows:
    return np.asarray(select(score, price[..., None], [1.0]).index)


def _split(
    world: World, made: Forecast, price: Floats, stage: str, steps: dict[str, str], rows: Rows
) -> list[tuple[dict[str, str], Rows]]:
    """Return the decisions of a stage for questions with the same earlier decisions, and their rows."""
    if TOPOLOGY[stage].passed(steps):
        return [(steps, rows)]
    options = world.options(stage)
    early = stage in TOPOLOGY.ahead or steps.get("retrieval") == "none"
    mean = made.stages[stage][0 if early else 1][rows]
    plans = made.planned[rows]
    # where no two options were recorded with all else alike, the plan stands
    lacking = np.asarray(np.isnan(mean).all(axis=1))
    planned = [[world.paths[plan].get(stage) == option for option in options] for plan in plans]
    mean = np.where(lacking[:, None], planned, mean)
    score, cost = np.full(mean.shape, -np.inf), np.zeros(mean.shape)
    for k, option in enumerate(options):
        ahead = world.agreeing({**steps, stage: option})
        if not ahead:
            continue
        # an option that was not recorded as planned counts as good as the others on average
        score[:, k] = np.where(np.isnan(mean[:, k]), np.nanmean(mean, axis=1), mean[:, k])
        for plan in np.unique(plans):
            column = world.column({**world.paths[plan], **steps, stage: option})
            cost[plans == plan, k] = price[rows[plans == plan], ahead[0] if column is None else column]
    cost[lacking] = 0.0
    index = _take(score, cost)
    return [({**steps, stage: options[k]}, rows[index == k]) for k in np.unique(index)]
