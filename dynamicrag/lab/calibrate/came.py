"""What choices came to on recorded paths."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamicrag.lab.calibrate.world import Rows, World
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Came:
    """What one way to choose came to, (n,) each, or m ways, (m, n).

    Attributes:
        quality: Realised.
        costs: Realised, by dimension.
        scores: Further scores, by name.
        taken: How often each path was taken first, (n, k), of one way.
    """

    quality: Floats
    costs: Mapping[str, Floats]
    scores: Mapping[str, Floats]
    taken: Floats

    def beside(self, other: "Came") -> "Came":
        """Return these m ways and one more."""
        return Came(
            np.vstack([self.quality, other.quality]),
            {name: np.vstack([cost, other.costs[name]]) for name, cost in self.costs.items()},
            {name: np.vstack([score, other.scores[name]]) for name, score in self.scores.items()},
            np.empty(0),
        )


def came(world: World, index: Rows) -> Came:
    """Return what paths came to, (n,) or (m, n) of them; every draft is accepted."""
    rows = np.arange(len(world))
    return Came(
        world.quality[rows, index],
        {name: cost[rows, index] for name, cost in world.costs.items()},
        {name: score[rows, index] for name, score in world.scores.items()},
        np.eye(len(world.names))[index] if index.ndim == 1 else np.empty(0),
    )


def drawn(world: World) -> Came:
    """Return what paths drawn evenly come to on average."""
    share = np.full(world.quality.shape, 1 / len(world.names))
    return Came(
        world.quality.mean(axis=1),
        {name: cost.mean(axis=1) for name, cost in world.costs.items()},
        {name: score.mean(axis=1) for name, score in world.scores.items()},
        share,
    )
