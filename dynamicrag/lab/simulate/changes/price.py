"""An option gets a new price."""

from dataclasses import replace

import numpy as np

from dynamicrag.lab.simulate.changes.base import CHANGES, Event
from dynamicrag.lab.simulate.timeline import Timeline, World


@CHANGES.register("price")
class Price(Event):
    """An option costs a multiple from a time on; prices are published, so expected costs change too.

    Args:
        option: The option; by default the best fixed option of the stream.
        at: The time, as a share of the stream.
        factor: The factor on its cost.
    """

    def __init__(self, *, option: str | None = None, at: float = 0.5, factor: float = 10.0) -> None:
        super().__init__(option=option, at=at)
        if not 0 <= factor < float("inf"):
            raise ValueError(f"factor: expected a number of 0 or more, got {factor}")
        self.factor = factor

    def applied(self, line: Timeline, world: World, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        column, time = self.column(line), self.time(line)
        cost, expected = line.cost.copy(), line.expected.copy()
        cost[time:, column] *= self.factor
        expected[time:, column] *= self.factor
        return replace(line, cost=cost, expected=expected, marks=(*line.marks, time))
