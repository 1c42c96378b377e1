"""The plausibility of a meter's readings."""

import math
import os

from dynamicrag.cost.meter import Interval

__all__ = ["is_plausible"]

MOST_WATTS = max(5_000.0, 100.0 * (os.cpu_count() or 1))
"""Upper bound of the power of a host with so many threads, in watts, accelerators included."""


def is_plausible(interval: Interval) -> bool:
    """Return whether a reading is plausible. A counter may wrap around or be reset, and a sensor may die."""
    amounts = (interval.active, interval.constant, interval.cpu_seconds, interval.unexplained)
    seconds = interval.end - interval.begin
    if not (seconds > 0 and all(0 <= amount < math.inf for amount in amounts)):
        return False
    used = interval.active + interval.unexplained
    dead = used == 0 and seconds >= 0.5 and interval.cpu_seconds >= 0.1
    return not dead and used + interval.constant <= MOST_WATTS * max(1.0, seconds)
