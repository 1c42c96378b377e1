"""A total shared by several calls: reserve before a call, settle after it."""

import threading
from collections.abc import Iterable, Mapping
from typing import Protocol

from dynamicrag.cost.vector import Dimension

Amounts = Mapping[Dimension, float]

ROUNDING = 1e-9
"""Relative tolerance for sums of floats, so that a reservation that fits exactly is not refused."""


class Short(Exception):
    """A reservation does not fit.

    Attributes:
        dimension: The first dimension without enough left.
        left: The amount left in that dimension.
        passing: Whether it would fit if all open reservations were released unused.
    """

    def __init__(self, dimension: Dimension, left: float, passing: bool) -> None:
        super().__init__(dimension, left, passing)
        self.dimension = dimension
        self.left = left
        self.passing = passing


class Purse(Protocol):
    """A total. Each method is atomic, also across the processes that share it."""

    blocks: bool
    """Whether its methods wait for a disk, so that they must not run on an event loop."""

    def take(self, worst: Amounts, limits: Amounts) -> int:
        """Reserve ``worst`` and return the reservation's number; raises :class:`Short` if it does not fit."""

    def settle(self, number: int, actual: Amounts) -> None:
        """Book ``actual`` and free the reservation."""

    def add(self, amounts: Amounts) -> None:
        """Book amounts without a reservation, or correct booked amounts."""

    def state(self) -> tuple[dict[Dimension, float], dict[Dimension, float]]:
        """Return the spent and the reserved amounts."""


class MemoryPurse:
    """A total that lives as long as its process."""

    blocks = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[Dimension, float] = {}
        self._held: dict[int, Amounts] = {}
        self._next = 0

    def take(self, worst: Amounts, limits: Amounts) -> int:
        """See :class:`Purse`."""
        with self._lock:
            check(worst, limits, self._spent, _sum(self._held.values()))
            self._next += 1
            self._held[self._next] = dict(worst)
            return self._next

    def settle(self, number: int, actual: Amounts) -> None:
        """See :class:`Purse`."""
        with self._lock:
            if self._held.pop(number, None) is not None:
                self._spent = _sum([self._spent, actual])

    def add(self, amounts: Amounts) -> None:
        """See :class:`Purse`."""
        with self._lock:
            self._spent = _sum([self._spent, amounts])

    def state(self) -> tuple[dict[Dimension, float], dict[Dimension, float]]:
        """See :class:`Purse`."""
        with self._lock:
            return dict(self._spent), _sum(self._held.values())


def check(worst: Amounts, limits: Amounts, spent: Amounts, held: Amounts) -> None:
    """Raise :class:`Short` unless ``worst`` fits into the rest of ``limits``."""
    for dimension, limit in limits.items():
        wanted, slack = worst.get(dimension, 0.0), ROUNDING * limit
        unspent = limit - spent.get(dimension, 0.0)
        left = unspent - held.get(dimension, 0.0)
        if wanted > left + slack:
            raise Short(dimension, max(0.0, left), passing=wanted <= unspent + slack)


def _sum(amounts: Iterable[Amounts]) -> dict[Dimension, float]:
    total: dict[Dimension, float] = {}
    for one in amounts:
        for dimension, amount in one.items():
            total[dimension] = total.get(dimension, 0.0) + amount
    return total
