"""What choices came to on recorded paths, with and without verification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.evaluation.calibrate.world import Rows, World
from dynamicrag.predictors.checks import Floats
from dynamicrag.routers.paths import REFINE
from dynamicrag.routers.thresholds import FINDINGS, Thresholds
from dynamicrag.topology import TOPOLOGY

NOWHERE, UNRECORDED = -1, -2


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


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A verification by thresholds, on recorded drafts.

    Attributes:
        found: What speaks against every path's draft: its place in ``FINDINGS``, or -1, (n, k).
        onward: The path that is tried next for a finding, or ``NOWHERE`` or ``UNRECORDED``, (findings, k):
            the same with the next stronger option of the first stage that has one. A router may take a
            stronger one still.
        abstains: For which findings the answer is given up, (findings,).
        most: Most escalations.
    """

    found: NDArray[np.intp]
    onward: NDArray[np.intp]
    abstains: NDArray[np.bool_]
    most: int

    @classmethod
    def of(
        cls,
        world: World,
        router: Thresholds,
        escalate: Mapping[str, list[str]],
        most: int,
        order: Mapping[str, Sequence[str]],
    ) -> "Verdicts":
        """Judge every recorded draft; ``order`` has every stage's options, weakest first."""
        found = np.full(world.quality.shape, -1, dtype=np.intp)
        for finding, signal, least, most_of_it in router.limits:
            value = world.signals.get(signal)
            if value is not None:  # one that is not there, or NaN, cannot fail
                fails = (value < least) | (value > most_of_it)
                found = np.where((found < 0) & fails, FINDINGS.index(finding), found)
        onward = np.full((len(FINDINGS), len(world.names)), NOWHERE, dtype=np.intp)
        for number, finding in enumerate(FINDINGS):
            for k in range(len(world.names)):
                ways = [_stronger(world, k, stage, order) for stage in escalate.get(finding, ())]
                onward[number, k] = next((way for way in ways if way >= 0), min(ways, default=NOWHERE))
        return cls(found, onward, np.array([finding in router.abstain for finding in FINDINGS]), most)

    def apply(self, world: World, index: Rows) -> Came:
        """Return what paths come to, (n,) or (m, n), when their drafts are judged.

        A draft that is withdrawn has been paid for; an answer that is given up is right where there is
        none.
        """
        rows, first = np.arange(len(world)), came(world, index)
        costs = {name: cost.copy() for name, cost in first.costs.items()}
        at = index.copy()
        used = np.zeros(at.shape, dtype=np.intp)
        for _ in range(self.most):
            then = self._onward(rows, at)
            for name, cost in costs.items():
                cost += np.where(then < 0, 0.0, world.costs[name][rows, then])
            used += then >= 0
            at = np.where(then < 0, at, then)
        finding = self.found[rows, at]
        stuck = (finding >= 0) & ((self._onward(rows, at) < 0) | (used >= self.most))
        given_up = stuck & self.abstains[finding]
        last = came(world, at)
        gone = (~world.answerable).astype(np.float64)
        return Came(
            np.where(given_up, gone, last.quality),
            costs,
            {name: np.where(given_up, gone, score) for name, score in last.scores.items()},
            first.taken,
        )

    def unrecorded(self, index: Rows) -> int:
        """Return how many drafts of these paths, (n,), would be followed by a path that was not recorded."""
        return int((self._onward(np.arange(len(index)), index) == UNRECORDED).sum())

    def _onward(self, rows: Rows, at: Rows) -> Rows:
        """Return the path that is tried after another, below 0 for none."""
        finding = self.found[rows, at]
        return np.where(finding < 0, NOWHERE, self.onward[finding, at])


def _stronger(world: World, column: int, stage: str, order: Mapping[str, Sequence[str]]) -> int:
    if stage == REFINE:
        return UNRECORDED
    steps = dict(world.paths[column])
    stage = TOPOLOGY[stage].gate(steps) or stage
    if stage not in steps:
        return NOWHERE
    options = order[stage]
    stronger = options[options.index(steps[stage]) + 1 :]
    if not stronger:
        return NOWHERE
    ways = world.agreeing({**steps, stage: stronger[0]})
    return ways[0] if ways else UNRECORDED
