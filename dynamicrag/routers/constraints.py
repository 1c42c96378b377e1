"""Constraints on one value: an interval of numbers, or a set of values; and whether one implies another."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynamicrag.call_options import Typed, Value, typed
from dynamicrag.errors import unknown
from dynamicrag.plain_values import shown

__all__ = ["COMPARISONS", "Constraint", "Interval", "Values", "interval", "values"]

COMPARISONS = ("above", "at_least", "below", "at_most")
"""Keys of a comparison: > and ≥, < and ≤."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of numbers.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        above: Whether the lower end is excluded.
        below: Whether the upper end is excluded.
    """

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False

    @property
    def empty(self) -> bool:
        """Whether no number is in it."""
        return self.low > self.high or (self.low == self.high and (self.above or self.below))

    def holds(self, given: Any) -> bool:
        """Return whether a value, or one of a list, is a number of the interval."""
        return any(not is_flag and self._has(value) for is_flag, value in typed(given))

    def implies(self, other: "Constraint") -> bool:
        """Return whether every value that this constraint accepts is accepted by the other."""
        if isinstance(other, Values):
            return self.low == self.high and other.holds(self.low)
        lower = (self.low, self.above) >= (other.low, other.above)
        return lower and (self.high, not self.below) <= (other.high, not other.below)

    def _has(self, value: Value) -> bool:
        if isinstance(value, str):
            return False
        enough = value > self.low if self.above else value >= self.low
        return enough and (value < self.high if self.below else value <= self.high)


@dataclass(frozen=True, slots=True)
class Values:
    """A set of values: texts, numbers, and ``True`` or ``False``."""

    allowed: frozenset[Typed]

    @property
    def empty(self) -> bool:
        """Whether no value is in it."""
        return not self.allowed

    def holds(self, given: Any) -> bool:
        """Return whether a value, or one of a list, is in the set."""
        return not self.allowed.isdisjoint(typed(given))

    def implies(self, other: "Constraint") -> bool:
        """Return whether every value that this constraint accepts is accepted by the other."""
        return all(other.holds(value) for _, value in self.allowed)


Constraint = Interval | Values


def interval(given: Any, where: str) -> Interval:
    """Return the interval of a condition on a number.

    ``{above: 30, at_most: 40}`` compares, a number must be equal, ``true`` means above 0 and ``false`` 0.

    Raises:
        ValueError: It has another form, or no number meets it.
    """
    if isinstance(given, bool):
        return Interval(0.0, above=True) if given else Interval(0.0, 0.0)
    if isinstance(given, int | float):
        return Interval(given, given)
    if not isinstance(given, Mapping) or not given:
        raise ValueError(
            f"{where}: expected a number, true, false or {{{', '.join(COMPARISONS)}: NUMBER}}, "
            f"got {shown(given)}"
        )
    ends: dict[str, float] = {}
    for key, value in given.items():
        if key not in COMPARISONS:
            raise ValueError(unknown(where, "comparison", key, COMPARISONS))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{where}.{key}: expected a number, got {shown(value)}")
        ends[key] = value
    for one, other in (("above", "at_least"), ("below", "at_most")):
        if one in ends and other in ends:
            raise ValueError(f"{where}: {one!r} and {other!r} limit the same end; remove one of them")
    low, high = ends.get("above", ends.get("at_least")), ends.get("below", ends.get("at_most"))
    found = Interval(
        -math.inf if low is None else low,
        math.inf if high is None else high,
        "above" in ends,
        "below" in ends,
    )
    if found.empty:
        raise ValueError(f"{where}: no number meets {shown(dict(given))}; exchange or remove a limit")
    return found


def values(given: Any, where: str) -> Values:
    """Return the set of a condition on a value: a single value, or a list of valid ones.

    Raises:
        ValueError: It has another form, or is empty.
    """
    listed = given if isinstance(given, list | tuple) else [given]
    if not listed:
        raise ValueError(f"{where}: an empty list never matches; give a value, or remove the condition")
    for each in listed:
        if not isinstance(each, str | int | float):
            raise ValueError(f"{where}: expected a text, a number, true, false or a list, got {shown(each)}")
    return Values(frozenset(typed(list(listed))))
