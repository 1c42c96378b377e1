"""CodeCarbon in process mode, read through its public output hook."""

import logging
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

from dynamicrag.cost.meter import Readings, Sink, ThreadMeter
from dynamicrag.cost.vector import Kind

_log = logging.getLogger(__name__)

JOULES_PER_KWH = 3.6e6

TOLERANCE = 1.1
MOST_WATTS = 50.0
"""Upper bound of the power of one busy hardware thread, with its share of common parts."""

NEVER = 1e9
"""Seconds between readings of CodeCarbon's own timer, which must not fire."""

CLOCK = 0.02
"""Tolerance in CPU-seconds between two readings of a clock with 10 ms steps."""


class CodeCarbonMeter(ThreadMeter):
    """CodeCarbon in process mode, in its own thread.

    Without a sensor, CodeCarbon's machine mode follows the third power of the load of the whole host, so
    other programs change a process's joules. Process mode is linear in the process's own CPU time. But it
    divides CPU time by a duration read at another moment, and counts child processes: under a Python thread
    that held the interpreter's lock it reported twice the energy that the CPU could have used. A sensor
    sees the whole machine, so a process is charged its share of the busy CPU time. Energy above the maximum
    that this process's CPU time allows is ``unexplained``.

    One thread makes, starts, reads and stops the tracker, which is not thread-safe: if its own timer is still
    reading when the tracker stops, it raises. The tracker needs no network: carbon is computed from the
    policy's grid, and only the tracker's energy is read.

    Args:
        seconds: Time between readings.
    """

    name = "codecarbon"

    def __init__(self, seconds: float = 1.0) -> None:
        self.kind: Kind = "measured" if _has_sensor() else "modelled"
        self._seconds = seconds

    def start(self, sink: Sink) -> None:
        """Start metering in a thread. CodeCarbon's start takes over a second, in that thread."""
        self._start(partial(self._run, sink))

    def _run(self, sink: Sink, stop: threading.Event) -> None:
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.output import BaseOutput

        logger = logging.getLogger("codecarbon")
        logger.setLevel(logging.ERROR)  # it logs before it reads log_level

        readings: list[Readings] = []
        sensor = self.kind == "measured"
        watts = MOST_WATTS if sensor else TOLERANCE * _watts_per_thread()
        machine = _busy_seconds()

        class Hook(BaseOutput):  # type: ignore[misc]  # CodeCarbon is untyped
            def out(self, total: Any, delta: Any) -> None:  # noqa: ARG002
                nonlocal machine
                now = _busy_seconds()
                busy, machine = now - machine, now
                if not readings:  # CodeCarbon's own start-up: metering begins at its end
                    readings.append(Readings(sink))
                    return
                cpu, gpu, memory = (
                    float(energy) * JOULES_PER_KWH
                    for energy in (delta.cpu_energy, delta.gpu_energy, delta.ram_energy)
                )

                def ours(spent: float) -> float:
                    most = spent + CLOCK
                    share = most / max(most, busy) if sensor else 1.0
                    return gpu + min(cpu * share, watts * most)

                readings[0].report(ours, memory, cpu + gpu)

        tracker = OfflineEmissionsTracker(
            country_iso_code="USA",
            output_methods=[],
            output_handlers=[Hook()],
            measure_power_secs=NEVER,
            api_call_interval=-1,
            tracking_mode="process",
            allow_multiple_runs=True,
            log_level="error",
        )
        logger.setLevel(logging.CRITICAL)  # a failed start is silent, and so is every later flush
        tracker.start()
        tracker.flush()
        logger.setLevel(logging.ERROR)
        if not readings:
            if threading.main_thread().is_alive():  # at the end of a short program, no tracker can start
                _log.warning("CodeCarbon could not start: energy is not metered, and joules are estimates")
            return
        while not stop.wait(self._seconds):
            tracker.flush()
        tracker.stop()


def _watts_per_thread() -> float:
    """Return the power that CodeCarbon assumes for one busy thread of this machine."""
    from codecarbon.core.cpu import TDP
    from codecarbon.core.util import count_cpus

    watts: float = TDP().tdp / max(1, count_cpus())
    return watts


def _busy_seconds() -> float:
    """Return the CPU-seconds that all programs of this machine have used."""
    import psutil

    times = psutil.cpu_times()
    return sum(float(getattr(times, kind, 0.0)) for kind in ("user", "nice", "system", "irq", "softirq"))


def _has_sensor() -> bool:
    """Return whether CodeCarbon finds a sensor of the processor's power (RAPL)."""
    rapl = Path("/sys/class/powercap").glob("intel-rapl*/energy_uj")
    return any(os.access(path, os.R_OK) for path in rapl)
