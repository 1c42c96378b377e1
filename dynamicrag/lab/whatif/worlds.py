"""Exploring logs drawn from an outcome table, whose truth is the table's mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.features.lexical import own_features
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.learning.tabled import StageTable
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.ridge import fit_ridge

AXES = 16
FEW = 0.05
"""Share of the queries at which one of the candidates differs from the log's own policy."""


@dataclass(frozen=True, slots=True)
class World:
    """An outcome table, whose options are one choice or several in turn.

    Attributes:
        quality: Quality, (n, k).
        cost: Cost, in units of quality, (n, k).
        features: Features of the queries, (n, d).
        parts: Position of each option at each stage, (k, s).
    """

    quality: Floats
    cost: Floats
    features: Floats
    parts: NDArray[np.intp]

    @classmethod
    def of(cls, table: OutcomeTable) -> "World":
        """Return the world of a table.

        Options named ``a/b`` in all combinations are a choice of ``a`` and then one of ``b``. The cost is
        the table's dollars, the most expensive option's mean being worth .2 of quality; without dollars the
        options cost the more the later they are listed.

        Raises:
            InputError: An outcome is missing.
        """
        quality = table.quality
        if np.isnan(quality).any():
            raise InputError(f"{table.name}: a table with every outcome is needed")
        cost: Floats = np.tile(np.arange(quality.shape[1], dtype=np.float64), (len(quality), 1))
        if "usd" in table.facts:
            cost = np.nan_to_num(table.fact("usd"))
        cost = np.asarray(0.2 * cost / max(1e-12, float(cost.mean(axis=0).max())))
        X = np.array([own_features(row.text) for row in table.rows])
        X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9)
        axes = np.linalg.svd(X, full_matrices=False)[0][:, :AXES] * np.sqrt(len(X))
        return cls(quality, cost, axes, _parts(table.options))


@dataclass(frozen=True, slots=True)
class DrawnLog:
    """A log of m queries drawn from a world, with replacement.

    Attributes:
        rows: Row of each query in the world, (m,).
        chosen: Position of each chosen option, (m,).
    """

    rows: NDArray[np.intp]
    chosen: NDArray[np.intp]

    @classmethod
    def draw(cls, logged: Floats, size: int, rng: np.random.Generator) -> "DrawnLog":
        """Draw queries, and an option for each by the logged probabilities, (n, k)."""
        rows = rng.integers(len(logged), size=size)
        ends = np.cumsum(logged[rows], axis=1)
        chosen = (rng.random((size, 1)) * ends[:, -1:] > ends).sum(axis=1)
        return cls(rows, np.minimum(chosen, logged.shape[1] - 1).astype(np.intp))

    def tables(self, world: World, logged: Floats, candidate: Floats) -> list[StageTable]:
        """Return the log as replayed for a candidate, a table per stage."""
        found, queries = [], np.arange(len(self.rows))
        reached = np.ones((len(self.rows), len(world.parts)), dtype=bool)
        for stage in range(world.parts.shape[1]):
            own = world.parts[:, stage]
            at = own[self.chosen]
            before, after = (_conditional(p[self.rows] * reached, own) for p in (logged, candidate))
            found.append(
                StageTable(
                    stage=f"stage {stage + 1}", decisions=len(queries), query=queries,
                    place=np.full(len(queries), stage), logged=before, candidate=after,
                    lost=np.zeros(len(queries)), chosen=at, features=world.features[self.rows],
                )
            )  # fmt: skip
            reached &= own[None, :] == at[:, None]
        return found


def exploring(world: World, epsilon: float, seed: int = 0) -> Floats:
    """Return a logged policy's probabilities, (n, k): the predicted best option, mixed with ε of all."""
    rng = np.random.default_rng(seed)
    guess = _predicted(world) + rng.normal(scale=0.02, size=world.quality.shape)
    greedy = _certain(guess.argmax(axis=1), guess.shape[1])
    return np.asarray((1 - epsilon) * greedy + epsilon / guess.shape[1])


def candidates(world: World, logged: Floats, seed: int = 0) -> Mapping[str, Floats]:
    """Return ten fixed candidates by name, each its probabilities of the options, (n, k)."""
    n, k = world.quality.shape
    rng = np.random.default_rng(seed + 1)
    ranked = np.argsort(-world.quality.mean(axis=0))
    best, second, worst = (_always(i, n, k) for i in (ranked[0], ranked[1], ranked[-1]))
    predicted = _certain(_predicted(world).argmax(axis=1), k)
    few = np.where(rng.random((n, 1)) < FEW, best, logged)
    return {
        "best": best,
        "second": second,
        "worst": worst,
        "uniform": np.full((n, k), 1 / k),
        "predicted": predicted,
        "predicted, exploring": 0.9 * predicted + 0.1 / k,
        "half best, half second": 0.5 * best + 0.5 * second,
        "half best, half worst": 0.5 * best + 0.5 * worst,
        "best for long questions": np.where(world.features[:, :1] > 0, best, worst),
        f"best for {FEW:.0%}, else logged": few,
    }


def _predicted(world: World) -> Floats:
    return fit_ridge(world.features, world.quality - world.cost).mean(world.features)


def _certain(index: NDArray[np.intp], k: int) -> Floats:
    return np.asarray(np.arange(k) == index[:, None], dtype=np.float64)


def _always(index: int, n: int, k: int) -> Floats:
    return _certain(np.full(n, index), k)


def _conditional(chances: Floats, own: NDArray[np.intp]) -> Floats:
    """Return the probability of each value of a part, given the options still reachable."""
    sums = np.stack([chances[:, own == value].sum(axis=1) for value in range(own.max() + 1)], axis=1)
    total = sums.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(sums, total, out=np.zeros_like(sums), where=total > 0))


def _parts(options: Sequence[str]) -> NDArray[np.intp]:
    pairs = [option.split("/") for option in options]
    firsts, seconds = (list(dict.fromkeys(pair[i] for pair in pairs if len(pair) == 2)) for i in (0, 1))
    if len(firsts) * len(seconds) != len(options) or len(firsts) < 2:
        return np.arange(len(options), dtype=np.intp)[:, None]
    return np.array([[firsts.index(a), seconds.index(b)] for a, b in pairs], dtype=np.intp)
