"""Skips a failed model for a while, so that not every question waits for the same failure.

A circuit breaker (Nygard, *Release It!*, 2007), one for each model in this process. After a failure it is
open for a cooldown and then lets one call through. If that succeeds it closes; otherwise the next cooldown is
twice as long.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["LONGEST", "SHORTEST", "Outage"]

SHORTEST = 30.0
"""Seconds of the first cooldown if the provider names none."""
LONGEST = 300.0
"""Longest cooldown in seconds, even if the provider names a longer one."""


class Outage:
    """The circuit breaker of a model. Safe to use from any thread.

    Args:
        clock: Monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._why = ""
        self._named = False
        self._trying = False

    def admit(self) -> str | None:
        """Ask for a call; return why it is refused, or ``None`` if it may proceed.

        The first caller after a cooldown tries the model; the others wait for its result or for another
        cooldown.
        """
        with self._lock:
            now = self._clock()
            if not self._failures:
                return None
            if now < self._until:
                return f"it is left alone for another {self._until - now:.0f} s, after: {self._why}"
            self._until, self._trying = now + self._cooldown(), True
            return None

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Prepare an admitted call; if that fails, the call is not made, and the next caller may try."""
        try:
            yield
        except BaseException:
            with self._lock:
                if self._trying:
                    self._until, self._trying = self._clock(), False
            raise

    @property
    def rests(self) -> bool:
        """Whether a call would be refused now."""
        with self._lock:
            return bool(self._failures) and self._clock() < self._until

    def wait(self) -> float:
        """Return the seconds until a retry as given by the provider, or 0."""
        with self._lock:
            return max(0.0, self._until - self._clock()) if self._named and self._failures else 0.0

    def failed(self, why: str, retry_after: float | None = None) -> None:
        """Open for a cooldown, or for the seconds given by the provider."""
        with self._lock:
            self._failures += 1
            self._trying = False
            self._why = why
            self._named = retry_after is not None
            seconds = self._cooldown() if retry_after is None else min(retry_after, LONGEST)
            self._until = self._clock() + seconds

    def worked(self) -> None:
        """Close after a successful call."""
        with self._lock:
            self._failures = 0
            self._trying = False

    def _cooldown(self) -> float:
        return min(LONGEST, SHORTEST * 2.0 ** min(self._failures - 1, 10))
