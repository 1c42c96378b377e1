"""Rewards come late."""

from dataclasses import replace

import numpy as np

from dynamicrag.lab.simulate.changes.base import CHANGES, Change
from dynamicrag.lab.simulate.timeline import Timeline, World


@CHANGES.register("delay")
class Delay(Change):
    """Every reward arrives after a number of further queries.

    Args:
        queries: The number.
    """

    def __init__(self, *, queries: int = 50) -> None:
        if queries < 1:
            raise ValueError(f"queries: expected 1 or more, got {queries}")
        self.queries = queries

    def applied(self, line: Timeline, world: World, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        return replace(line, due=np.where(line.due < 0, line.due, line.due + self.queries))
