"""A model that fails is left alone for a while, so that not every question pays for finding out again.

A circuit breaker (Nygard, *Release It!*, 2007), one for each model in this process. After a failure it is
open for a cooldown and then lets one call through. If that succeeds it closes; else the next cooldown is
twice as long.
"""

import threading
import time
from collections.abc import Callable

__all__ = ["LONGEST", "SHORTEST", "Outage"]

SHORTEST = 30.0
"""Seconds of the first cooldown, where the provider names none."""
LONGEST = 300.0
"""Most seconds of a cooldown, whoever names it."""


class Outage:
    """Whether a model is left alone. Safe to use from any thread.

    Args:
        clock: Returns seconds on a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._why = ""
        self._named = False

    def admit(self) -> str | None:
        """Ask for a call; return why there should be none, or ``None`` where the call may go ahead.

        The first caller after a cooldown tries the model; the others wait for how that ends, or for another
        cooldown.
        """
        with self._lock:
            now = self._clock()
            if not self._failures:
                return None
            if now < self._until:
                return f"it is left alone for another {self._until - now:.0f} s, after: {self._why}"
            self._until = now + self._cooldown()
            return None

    def wait(self) -> float:
        """Return the seconds until the provider wants to be asked again, 0 where it has named none."""
        with self._lock:
            return max(0.0, self._until - self._clock()) if self._named and self._failures else 0.0

    def failed(self, why: str, retry_after: float | None = None) -> None:
        """Open for a cooldown, or for as many seconds as the provider says."""
        with self._lock:
            self._failures += 1
            self._why = why
            self._named = retry_after is not None
            seconds = self._cooldown() if retry_after is None else min(retry_after, LONGEST)
            self._until = self._clock() + seconds

    def worked(self) -> None:
        """Close."""
        with self._lock:
            self._failures = 0

    def _cooldown(self) -> float:
        return min(LONGEST, SHORTEST * 2.0 ** min(self._failures - 1, 10))
