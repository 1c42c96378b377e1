"""A number known within a range."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True, init=False)
class Bounds:
    """A number and the range it lies in.

    Args:
        mid: The number.
        low: Lower bound; ``mid`` by default.
        high: Upper bound; ``mid`` by default.

    Raises:
        ValueError: The three are not finite numbers ≥ 0 in rising order.
    """

    low: float
    mid: float
    high: float

    def __init__(self, mid: float, low: float | None = None, high: float | None = None) -> None:
        values = {"low": mid if low is None else low, "mid": mid, "high": mid if high is None else high}
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
                raise ValueError(f"{name} must be a finite number, got {value!r}")
            object.__setattr__(self, name, value)
        if not 0 <= self.low <= self.mid <= self.high:
            raise ValueError(f"low, mid and high must rise from 0, got {self.low}, {self.mid}, {self.high}")

    @property
    def exact(self) -> bool:
        """Whether the range is a single number."""
        return self.low == self.high
