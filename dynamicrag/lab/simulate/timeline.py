"""A stream: the queries of a table in an order, and what happens on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class World:
    """A table as arrays over n queries and k options.

    Attributes:
        options: Names of the options.
        X: Features, (n, d).
        base: Estimated quality before any reward, (n, k).
        quality: Quality, (n, k).
        cost: Realised cost, (n, k).
        groups: Group of each query.
    """

    options: tuple[str, ...]
    X: Floats
    base: Floats
    quality: Floats
    cost: Floats
    groups: Sequence[str]

    @property
    def expected(self) -> Floats:
        """Mean cost of each option, which a cost model knows before the first query, (k,)."""
        return np.asarray(self.cost.mean(axis=0))


@dataclass(frozen=True, slots=True)
class Timeline:
    """The queries in the order of a seed, with the effects of changes; all arrays begin with time.

    Attributes:
        options: Names of the options.
        weight: Quality that one unit of cost is worth.
        rows: The row of the table at each time, (n,).
        groups: Its group, (n,).
        quality: Quality that each option would give, (n, k).
        cost: Its cost, (n, k).
        expected: Its expected cost, (n, k).
        open: Whether it is offered, (n, k).
        due: Time at which the reward arrives, (n,); -1 if it never does.
        marks: Times at which something changes.
    """

    options: tuple[str, ...]
    weight: float
    rows: NDArray[np.intp]
    groups: NDArray[np.str_]
    quality: Floats
    cost: Floats
    expected: Floats
    open: NDArray[np.bool_]
    due: NDArray[np.intp]
    marks: tuple[int, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def utility(self) -> Floats:
        """Realised quality minus weighted realised cost, (n, k); ``-inf`` where the option is not offered."""
        return np.where(self.open, self.quality - self.weight * self.cost, -np.inf)

    def of(self, chosen: NDArray[np.intp]) -> Floats:
        """Return the utility of the options chosen at each time, (n,)."""
        return np.asarray(self.utility[np.arange(len(self)), chosen])

    def best(self, start: int = 0, end: int | None = None) -> int:
        """Return the option with the highest mean utility from a time to another, offered throughout."""
        return int(self.utility[start:end].mean(axis=0).argmax())


def shuffled(world: World, weight: float, rng: np.random.Generator) -> Timeline:
    """Return the queries in a random order, without any change."""
    rows = rng.permutation(len(world.X))
    shape = world.quality.shape
    return Timeline(
        world.options,
        weight,
        rows,
        np.array(world.groups)[rows],
        world.quality[rows],
        world.cost[rows],
        np.tile(world.expected, (len(rows), 1)),
        np.ones(shape, dtype=bool),
        np.arange(len(rows)),
    )
