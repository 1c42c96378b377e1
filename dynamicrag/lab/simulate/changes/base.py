"""The contract of a change: from a stream to a stream."""

from abc import ABC, abstractmethod

import numpy as np

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.simulate.timeline import Timeline, World
from dynamicrag.registry import Registry


class Change(ABC):
    """Something that happens in a stream."""

    ordering = False
    """Whether it changes the order of the queries; such changes are applied first."""

    @abstractmethod
    def applied(self, line: Timeline, world: World, rng: np.random.Generator) -> Timeline:
        """Return the stream with the change."""


CHANGES: Registry[Change] = Registry("change", "dynamicrag.lab.simulate.changes", Change)


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

    def column(self, line: Timeline) -> int:
        """Return the position of the option.

        Raises:
            InputError: There is no such option.
        """
        if self.option is None:
            return line.best()
        if self.option not in line.options:
            raise InputError(unknown("--change", "option", self.option, line.options))
        return line.options.index(self.option)

    def time(self, line: Timeline) -> int:
        """Return the first query after the change."""
        return max(1, int(self.at * len(line)))
