"""The realised quality, costs and scores of choices of paths on a recording."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.predictors.checks import Floats

WITHHELD = -1
"""In place of the accepted path: no draft was."""


@dataclass(frozen=True, slots=True)
class Realised:
    """The realised figures of one way to choose, (n,) each, or of m ways, (m, n).

    Attributes:
        quality: Quality of the answer.
        costs: Cost by dimension.
        scores: Further scores, by name.
        taken: Share of each path in the first choices, (n, k); of one way alone.
    """

    quality: Floats
    costs: Mapping[str, Floats]
    scores: Mapping[str, Floats]
    taken: Floats

    def utility(self, weights: Mapping[str, float]) -> Floats:
        """Return quality less weighted cost."""
        total = self.quality
        for name, weight in weights.items():
            total = total - weight * self.costs[name]
        return total


def realise(world: World, index: Rows) -> Realised:
    """Return the realised figures of paths, (n,) or (m, n) of them; every draft is accepted."""
    rows = np.arange(len(world))
    return Realised(
        world.quality[rows, index],
        {name: cost[rows, index] for name, cost in world.costs.items()},
        {name: score[rows, index] for name, score in world.scores.items()},
        _taken(world, index),
    )


def realise_drafts(world: World, tried: NDArray[np.bool_], accepted: Rows, first: Rows) -> Realised:
    """Return the realised figures of drafts, of one way to choose or of m.

    Every draft is paid for. A withheld answer is right where there is none.

    Args:
        world: The recording.
        tried: The paths whose drafts were written, (n, k) or (m, n, k).
        accepted: The path whose draft was accepted, or ``WITHHELD``, (n,) or (m, n).
        first: The path that was taken first, likewise.
    """
    rows, at = np.arange(len(world)), np.maximum(accepted, 0)

    def of(table: Floats) -> Floats:
        return np.where(accepted == WITHHELD, ~world.answerable, table[rows, at])

    return Realised(
        of(world.quality),
        {name: np.where(tried, cost, 0.0).sum(axis=-1) for name, cost in world.costs.items()},
        {name: of(score) for name, score in world.scores.items()},
        _taken(world, first),
    )


def realise_random(world: World) -> Realised:
    """Return the realised figures of paths drawn evenly, on average."""
    return Realised(
        world.quality.mean(axis=1),
        {name: cost.mean(axis=1) for name, cost in world.costs.items()},
        {name: score.mean(axis=1) for name, score in world.scores.items()},
        np.full(world.quality.shape, 1 / len(world.names)),
    )


def _taken(world: World, first: Rows) -> Floats:
    return np.eye(len(world.names))[first] if first.ndim == 1 else np.empty(0)
