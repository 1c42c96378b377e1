"""Energy meters: what this process used, interval by interval.

A meter is started once per process, explicitly, and reports to a sink from a thread of its own; no
query waits for it. It meters this process alone, which is linear in our own load; a model server on
the same host is not seen.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dynamicrag.cost.vector import Kind


@dataclass(frozen=True, slots=True)
class Interval:
    """What the meter saw between two readings.

    Attributes:
        begin: Start, on the clock of ``time.perf_counter``.
        end: End, on the same clock.
        active: Joules that follow the load.
        constant: Joules that do not (memory).
        cpu_seconds: CPU time of this process in the interval, all threads.
        unexplained: Joules reported beyond what that CPU time allows; not among the active ones.
    """

    begin: float
    end: float
    active: float
    constant: float
    cpu_seconds: float
    unexplained: float = 0.0


Sink = Callable[[Interval], None]


class EnergyMeter(Protocol):
    """Reports intervals to a sink between ``start`` and ``stop``."""

    name: str
    kind: Kind

    def start(self, sink: Sink) -> None:
        """Begin to meter, without blocking."""

    def stop(self) -> None:
        """Report the last interval and stop."""


class Readings:
    """Turns successive readings into intervals: clocks and CPU time since the reading before."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._at = time.perf_counter()
        self._cpu = _cpu_seconds()

    def report(
        self, active: Callable[[float], float], constant: float, reported: float | None = None
    ) -> None:
        """Report the interval that ends now.

        Args:
            active: Maps its CPU-seconds to joules.
            constant: Joules that do not follow the load.
            reported: Active joules as reported, where they may be more than ``active`` allows.
        """
        now, cpu = time.perf_counter(), _cpu_seconds()
        spent = cpu - self._cpu
        allowed = active(spent)
        excess = 0.0 if reported is None else max(0.0, reported - allowed)
        self._sink(Interval(self._at, now, allowed, constant, spent, excess))
        self._at, self._cpu = now, cpu


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


class NullMeter:
    """Meters nothing; joules stay modelled from declared CPU time."""

    name = "none"
    kind: Kind = "modelled"

    def start(self, sink: Sink) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class CpuTimeMeter:
    """Process CPU time times a constant power per busy thread; needs nothing but the standard library.

    Args:
        joules_per_cpu_second: Power of one busy thread, in watts.
        seconds: Time between readings.
    """

    name = "cpu"
    kind: Kind = "modelled"

    def __init__(self, joules_per_cpu_second: float = 4.0, seconds: float = 1.0) -> None:
        self._watts = joules_per_cpu_second
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, sink: Sink) -> None:
        """Begin to meter in a thread."""
        self._stop.clear()
        readings = Readings(sink)

        def run() -> None:
            stopped = False
            while not stopped:
                stopped = self._stop.wait(self._seconds)
                readings.report(lambda cpu: cpu * self._watts, 0.0)

        self._thread = threading.Thread(target=run, name="dynamicrag-meter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Report the last interval and stop."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)
