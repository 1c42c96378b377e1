"""The streams of a simulation: the table in a seed's order, with the changes asked for."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.simulate.changes.base import Change
from dynamicrag.lab.simulate.timeline import Timeline, World, shuffled

ORDER, CHANGES, DRAWS = range(3)
"""Streams of random numbers of a seed, so that a change does not move the draws of others."""


def scenario(world: World, weight: float, seed: int, changes: Sequence[Change]) -> Timeline:
    """Return the stream of a seed; changes of the order come first.

    Raises:
        InputError: A change does not fit the table.
    """
    line = shuffled(world, weight, np.random.default_rng([seed, ORDER]))
    rng = np.random.default_rng([seed, CHANGES])
    for change in sorted(changes, key=lambda each: not each.ordering):
        line = change.applied(line, rng)
    return line


def draws(seed: int) -> np.random.Generator:
    """Return the generator of a learner's draws."""
    return np.random.default_rng([seed, DRAWS])
