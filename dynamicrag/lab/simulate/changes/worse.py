"""An option becomes worse."""

from dataclasses import replace

import numpy as np

from dynamicrag.lab.simulate.changes.base import CHANGES, Event
from dynamicrag.lab.simulate.timeline import Timeline, World


@CHANGES.register("worse")
class Worse(Event):
    """A share of an option's answers, drawn at random, has quality 0 from a time on.

    Args:
        option: The option; by default the best fixed option of the stream.
        at: The time, as a share of the stream.
        by: The share of its answers.
    """

    def __init__(self, *, option: str | None = None, at: float = 0.5, by: float = 0.5) -> None:
        super().__init__(option=option, at=at)
        if not 0 < by <= 1:
            raise ValueError(f"by: expected a share above 0, up to 1, got {by}")
        self.by = by

    def applied(self, line: Timeline, world: World, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        column, time = self.column(line), self.time(line)
        lost = (np.arange(len(line)) >= time) & (rng.random(len(line)) < self.by)
        quality = line.quality.copy()
        quality[lost, column] = 0.0
        return replace(line, quality=quality, marks=(*line.marks, time))
