"""Changes of the rewards: they come late, or never."""

from dataclasses import replace

import numpy as np

from dynamicrag.lab.simulate.changes.base import CHANGES, Change
from dynamicrag.lab.simulate.timeline import Timeline


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

    def applied(self, line: Timeline, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        return replace(line, due=np.where(line.due < 0, line.due, line.due + self.queries))


@CHANGES.register("missing")
class Missing(Change):
    """A share of the queries, drawn at random, gets no reward.

    Args:
        share: The share.
    """

    def __init__(self, *, share: float = 0.5) -> None:
        if not 0 < share < 1:
            raise ValueError(f"share: expected a number between 0 and 1, got {share}")
        self.share = share

    def applied(self, line: Timeline, rng: np.random.Generator) -> Timeline:
        """See the base class."""
        return replace(line, due=np.where(rng.random(len(line)) < self.share, -1, line.due))
