"""Changes of one option at one time: it joins, becomes worse, or gets a new price."""

from abc import abstractmethod
from dataclasses import replace

import numpy as np

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.simulate.changes.base import CHANGES, Change
from dynamicrag.lab.simulate.timeline import Timeline


class Event(Change):
    """A change of one option at one time.

    Args:
        option: The option; by default the best fixed option of the stream.
        at: The time, as a share of the stream.
    """

    def __init__(self, *, option: str | None = None, at: float = 0.5) -> None:
        if not 0 < at < 1:
            raise ValueError(f"at: expected a share of the stream between 0 and 1, got {at}")
        self.option = option
        self.at = at

    def applied(self, line: Timeline, rng: np.random.Generator) -> Timeline:
        """See the base class.

        Raises:
            InputError: There is no such option, or it cannot change.
        """
        if self.option not in (None, *line.options):
            raise InputError(unknown("--change", "option", self.option, line.options))
        column = line.best() if self.option is None else line.options.index(self.option)
        time = max(1, int(self.at * len(line)))
        return replace(self.changed(line, column, time, rng), marks=(*line.marks, time))

    @abstractmethod
    def changed(self, line: Timeline, column: int, time: int, rng: np.random.Generator) -> Timeline:
        """Return the stream in which the option of a column changes from a time on."""


@CHANGES.register("new")
class New(Event):
    """An option is offered from a time on; learners know nothing about it before.

    Args:
        option: The option; by default the best fixed option of the stream.
        at: The time, as a share of the stream.
    """

    def changed(self, line: Timeline, column: int, time: int, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        offered = line.open.copy()
        offered[:time, column] = False
        if not offered[0].any():
            raise InputError("--change new: without the new option, nothing is offered at the start")
        return replace(line, open=offered)


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

    def changed(self, line: Timeline, column: int, time: int, rng: np.random.Generator) -> Timeline:  # noqa: ARG002
        """See the base class."""
        cost, expected = line.cost.copy(), line.expected.copy()
        cost[time:, column] *= self.factor
        expected[time:, column] *= self.factor
        return replace(line, cost=cost, expected=expected)


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

    def changed(self, line: Timeline, column: int, time: int, rng: np.random.Generator) -> Timeline:
        """See the base class."""
        quality = line.quality.copy()
        quality[(np.arange(len(line)) >= time) & (rng.random(len(line)) < self.by), column] = 0.0
        return replace(line, quality=quality)
