"""Energy meters: the energy of this process, interval by interval.

A meter is started once per process, explicitly, and reports to a sink from its own thread; no
query waits for it. It meters only this process, whose energy is linear in its own load. It does not see a
model server on the same host.
"""

import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dynamicrag.cost.vector import Kind

MOST_WATTS = max(5_000.0, 100.0 * (os.cpu_count() or 1))
"""Upper bound of the power of a host with so many threads, in watts, accelerators included."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The energy and the CPU time between two readings.

    Attributes:
        begin: Start, on the clock of ``time.perf_counter``.
        end: End, on the same clock.
        active: Joules that depend on the load.
        constant: Joules that do not depend on the load (memory).
        cpu_seconds: CPU time of this process in the interval, over all threads.
        unexplained: Reported joules above the maximum that the CPU time allows; not part of ``active``.
    """

    begin: float
    end: float
    active: float
    constant: float
    cpu_seconds: float
    unexplained: float = 0.0

    @property
    def plausible(self) -> bool:
        """Whether the reading may be true. A counter may wrap around or be reset, and a sensor may die."""
        amounts = (self.active, self.constant, self.cpu_seconds, self.unexplained)
        seconds = self.end - self.begin
        if not (seconds > 0 and all(0 <= amount < math.inf for amount in amounts)):
            return False
        used = self.active + self.unexplained
        dead = used == 0 and seconds >= 0.5 and self.cpu_seconds >= 0.1
        return not dead and used + self.constant <= MOST_WATTS * max(1.0, seconds)


Sink = Callable[[Interval], None]


class EnergyMeter(Protocol):
    """Reports intervals to a sink between ``start`` and ``stop``."""

    name: str
    kind: Kind

    def start(self, sink: Sink) -> None:
        """Start metering, without blocking."""

    def stop(self) -> None:
        """Report the last interval and stop."""


class Readings:
    """Turns successive readings into intervals of wall time and CPU time."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._at = time.perf_counter()
        self._cpu = _cpu_seconds()

    def report(
        self, active: Callable[[float], float], constant: float, reported: float | None = None
    ) -> None:
        """Report the interval that ends now.

        Args:
            active: Function from the interval's CPU-seconds to the maximum joules they allow.
            constant: Joules that do not depend on the load.
            reported: Active joules by the sensor or the tracker; may exceed the maximum by ``active``.
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
    """Meters nothing: joules are modelled from the declared CPU time."""

    name = "none"
    kind: Kind = "modelled"

    def start(self, sink: Sink) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class ThreadMeter:
    """A meter that reads in a thread of its own."""

    _thread: threading.Thread | None = None
    _stop: threading.Event

    def _start(self, run: Callable[[threading.Event], None]) -> None:
        """Start a thread that reports until the event is set, and then once more."""
        self._stop = threading.Event()  # a new one: a stopped thread that is slow to end must not go on
        self._thread = threading.Thread(target=run, args=(self._stop,), name="dynamicrag-meter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Report the last interval and stop."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(timeout=10)


class CpuTimeMeter(ThreadMeter):
    """Process CPU time times a constant power per busy thread; needs only the standard library.

    Args:
        joules_per_cpu_second: Power of one busy thread, in watts.
        seconds: Time between readings.
    """

    name = "cpu"
    kind: Kind = "modelled"

    def __init__(self, joules_per_cpu_second: float = 4.0, seconds: float = 1.0) -> None:
        self._watts = joules_per_cpu_second
        self._seconds = seconds

    def start(self, sink: Sink) -> None:
        """Start metering in a thread."""
        readings = Readings(sink)

        def run(stop: threading.Event) -> None:
            stopped = False
            while not stopped:
                stopped = stop.wait(self._seconds)
                readings.report(lambda cpu: cpu * self._watts, 0.0)

        self._start(run)
