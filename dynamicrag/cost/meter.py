"""Energy meters: what this process used, interval by interval.

A meter is started once per process, explicitly, and reports to a sink from a thread of its own; no
query waits for it. It meters this process alone, which is linear in our own load; a model server on
the same host is not seen.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dynamicrag.cost.vector import Kind
from dynamicrag.errors import PolicyError, unknown

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class Interval:
    """What the meter saw between two readings.

    Attributes:
        begin: Start, on the clock of ``time.perf_counter``.
        end: End, on the same clock.
        active: Joules that follow the load.
        constant: Joules that do not (memory).
        cpu_seconds: CPU time of this process in the interval, all threads.
    """

    begin: float
    end: float
    active: float
    constant: float
    cpu_seconds: float


Sink = Callable[[Interval], None]


class EnergyMeter(Protocol):
    """Reports intervals to a sink between ``start`` and ``stop``."""

    name: str
    kind: Kind

    def start(self, sink: Sink) -> None:
        """Begin to meter, without blocking."""

    def stop(self) -> None:
        """Report the last interval and stop."""


class _Readings:
    """Turns successive readings into intervals: clocks and CPU time since the reading before."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._at = time.perf_counter()
        self._cpu = _cpu_seconds()

    def report(self, active: Callable[[float], float], constant: float) -> None:
        now, cpu = time.perf_counter(), _cpu_seconds()
        spent = cpu - self._cpu
        self._sink(Interval(self._at, now, active(spent), constant, spent))
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
        readings = _Readings(sink)

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


class CodeCarbonMeter:
    """CodeCarbon in process mode, read through its public output hook.

    Without a sensor, CodeCarbon's machine mode follows the third power of the load of the whole host,
    so that neighbours change one's joules; process mode is linear in this process's own CPU time. The
    tracker is made, started and stopped by one thread, since it is not safe for more.

    Args:
        seconds: Time between readings.
    """

    name = "codecarbon"

    def __init__(self, seconds: float = 1.0) -> None:
        self.kind: Kind = "measured" if _has_rapl() else "modelled"
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, sink: Sink) -> None:
        """Begin to meter in a thread; CodeCarbon's own start takes over a second there."""
        self._thread = threading.Thread(target=self._run, args=(sink,), name="dynamicrag-meter", daemon=True)
        self._thread.start()

    def _run(self, sink: Sink) -> None:
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.output import BaseOutput

        logging.getLogger("codecarbon").setLevel(logging.ERROR)  # it logs before it reads log_level

        readings: list[_Readings] = []

        class Hook(BaseOutput):  # type: ignore[misc]  # CodeCarbon is untyped
            def live_out(self, total: Any, delta: Any) -> None:  # noqa: ARG002
                if not readings:  # CodeCarbon's own start-up: metering begins at its end
                    readings.append(_Readings(sink))
                    return
                active = (delta.cpu_energy + delta.gpu_energy) * JOULES_PER_KWH
                readings[0].report(lambda _: active, delta.ram_energy * JOULES_PER_KWH)

            out = live_out  # the last interval reaches only `out`

        tracker = OfflineEmissionsTracker(
            country_iso_code="USA",  # carbon is computed from the policy's grid; only its energy is read
            output_methods=[],
            output_handlers=[Hook()],
            measure_power_secs=self._seconds,
            api_call_interval=1,
            tracking_mode="process",
            allow_multiple_runs=True,
            log_level="error",
        )
        tracker.start()
        self._stop.wait()
        tracker.stop()

    def stop(self) -> None:
        """Report the last interval and stop."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=10)


def _has_rapl() -> bool:
    return any(os.access(path, os.R_OK) for path in Path("/sys/class/powercap").glob("intel-rapl*/energy_uj"))


_METERS: dict[str, Callable[[], EnergyMeter]] = {
    "codecarbon": CodeCarbonMeter,
    "cpu": CpuTimeMeter,
    "none": NullMeter,
}


def make_meter(name: str, where: str = "meter") -> EnergyMeter:
    """Return a new meter by name: ``codecarbon``, ``cpu`` or ``none``.

    Raises:
        PolicyError: Unknown name.
    """
    if name not in _METERS:
        raise PolicyError(unknown(where, "meter", name, _METERS))
    return _METERS[name]()
