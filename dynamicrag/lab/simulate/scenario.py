"""The streams of a simulation: the table in a seed's order, with the changes asked for."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.simulate.changes.base import Change
from dynamicrag.lab.simulate.timeline import Timeline, World

ORDER, CHANGES, DRAWS = range(3)
"""Streams of random numbers of a seed, so that a change does not move the draws of others."""


def scenario(world: World, weight: float, seed: int, changes: Sequence[Change]) -> Timeline:
    """Return the stream of a seed; changes of the order come first.

    Raises:
        InputError: A change does not fit the table.
    """
    rows = np.random.default_rng([seed, ORDER]).permutation(len(world.X))
    line = Timeline(
        options=world.options,
        weight=weight,
        rows=rows,
        groups=np.array(world.groups)[rows],
        quality=world.quality[rows],
        cost=world.cost[rows],
        expected=np.tile(world.expected, (len(rows), 1)),
        open=np.ones(world.quality.shape, dtype=bool),
        due=np.arange(len(rows)),
    )
    rng = np.random.default_rng([seed, CHANGES])
    for change in sorted(changes, key=lambda each: not each.ordering):
        line = change.applied(line, rng)
    return line


def draws(seed: int) -> np.random.Generator:
    """Return the generator of a learner's draws."""
    return np.random.default_rng([seed, DRAWS])
