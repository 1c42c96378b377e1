"""Reservations of calls, and the state of a total that they reserve from."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import NamedTuple

from dynamicrag.cost.in_thread import start
from dynamicrag.cost.purse import Purse
from dynamicrag.cost.vector import Cost, Dimension


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a total, in the unit of its dimension.

    ``overspent`` exceeds 0 only in dimensions that are metered after they were estimated.
    """

    limit: float
    spent: float
    set_aside: float

    @property
    def left(self) -> float:
        """The amount that can still be reserved."""
        return max(0.0, self.limit - self.spent - self.set_aside)

    @property
    def overspent(self) -> float:
        """The amount spent beyond the limit."""
        return max(0.0, self.spent - self.limit)

    def as_dict(self) -> dict[str, float]:
        """Return the five figures by name."""
        return {**asdict(self), "left": self.left, "overspent": self.overspent}


class Rest(NamedTuple):
    """The rest of the limits by dimension, negative where a limit is overspent.

    Attributes:
        own: The rest of the query's own limits, which may be raised.
        shared: The rest of the totals, which are never raised.
    """

    own: dict[Dimension, float]
    shared: dict[Dimension, float]


class Held:
    """The reservation of one call. Without a :meth:`settle`, all of it counts as used."""

    def __init__(self, worst: Cost) -> None:
        self.actual = worst

    def settle(self, actual: Cost) -> None:
        """Set the actual cost of the call."""
        self.actual = actual


class Taking:
    """A reservation in progress, which is released if its caller no longer waits for it.

    The caller may be cancelled while a thread makes the reservation, or just before it receives the result.
    """

    def __init__(self, take: Callable[[], int], purse: Purse) -> None:
        self._take = take
        self._purse = purse
        self._lock = threading.Lock()
        self._number: int | None = None
        self._abandoned = False

    def __call__(self) -> int:
        """Make the reservation, and return its number."""
        number = self._take()
        with self._lock:
            self._number = number
            abandoned = self._abandoned
        if abandoned:
            self._purse.settle(number, {})
        return number

    def abandon(self) -> None:
        """Release the reservation, now or as soon as it is made."""
        with self._lock:
            self._abandoned = True
            number = self._number
        if number is not None:
            start(partial(self._purse.settle, number, {}))
