"""The contract of a change: from a stream to a stream."""

from abc import ABC, abstractmethod

import numpy as np

from dynamicrag.lab.simulate.timeline import Timeline
from dynamicrag.registry import Registry


class Change(ABC):
    """Something that happens in a stream."""

    ordering = False
    """Whether it changes the order of the queries; such changes are applied first."""

    @abstractmethod
    def applied(self, line: Timeline, rng: np.random.Generator) -> Timeline:
        """Return the stream with the change."""


CHANGES: Registry[Change] = Registry("change", "dynamicrag.lab.simulate.changes", Change)
