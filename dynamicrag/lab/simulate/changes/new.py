"""An option joins."""

from dataclasses import replace

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.lab.simulate.changes.base import CHANGES, Event
from dynamicrag.lab.simulate.timeline import Timeline, World


@CHANGES.register("new")
class New(Event):
    """An option is offered from a time on; learners know nothing about it before.

    Args:
        option: The option; by default the best fixed option of the stream.
        at: The time, as a share of the stream.
    """

    def applied(self, line: Timeline, world: World, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        column, time = self.column(line), self.time(line)
        offered = line.open.copy()
        offered[:time, column] = False
        if not offered[0].any():
            raise InputError("--change new: without the new option, nothing is offered at the start")
        return replace(line, open=offered, marks=(*line.marks, time))
