"""Splits the metered energy of the whole process among its calls.

A span opens and closes in O(1); the energy is split when the meter ticks. Active energy goes to the
calls that computed in the interval, in proportion to the CPU-seconds they declare. The unclaimed rest
is ``idle``. So the accounts of all calls, ``idle``, ``constant`` and ``unexplained`` add up to the meter.

The usage of a call is known only at its end, so an interval is split once every overlapping call of this
process has ended. A call that lasts longer than ``PATIENCE`` does not delay the others: it receives the CPU
time of the interval that no other call claims.
"""

import logging
import math
import os
import secrets
import threading
import time
from collections import deque
from dataclasses import replace

from dynamicrag.cost.line import INGEST, WARM, Line
from dynamicrag.cost.meter import EnergyMeter, Interval, NullMeter
from dynamicrag.cost.spread import spread
from dynamicrag.cost.totals import Totals

PATIENCE = 30.0
WAITING = 100_000
"""Largest number of calls that wait for the meter. If the meter has died, the oldest stay provisional."""

SILENT = 15.0
"""Seconds without a reading after which a running meter counts as dead."""

GAP = 0.001
"""A gap between two readings of at most so many seconds does not make a call unmetered."""

BUSY = 0.2
"""Least load in threads of an interval that tells the energy of a CPU-second; clocks are too coarse below."""
RATED_SECONDS = 2.0
"""Least CPU time in such intervals until their energy per CPU-second is used."""
RECENT = 0.98
"""Weight of an interval's figures relative to the next one's."""

_log = logging.getLogger(__name__)


class Attribution:
    """The open and the unsettled calls of one process, and the readings of its meter.

    Args:
        meter: Source of the energy.
    """

    def __init__(self, meter: EnergyMeter) -> None:
        self.meter = meter
        self.pid = os.getpid()
        self.id = secrets.token_hex(8)
        self._switch = threading.Lock()
        """Held while the meter starts or stops: its last reading still needs the other lock."""
        self._lock = threading.Lock()
        self._ticked = threading.Condition(self._lock)
        self._open: set[Line] = set()
        self._closed: deque[Line] = deque(maxlen=WAITING)
        self._intervals: deque[Interval] = deque()
        self._totals = Totals()
        self._until = -math.inf
        self._spoken = False
        self._last_tick = math.inf
        self._users = 0
        self._rated = (0.0, 0.0)

    def acquire(self) -> None:
        """Register a user; the first one starts the meter."""
        with self._switch:
            self._users += 1
            if self._users == 1:
                with self._lock:
                    self._last_tick = time.perf_counter()
                    self._spoken = False
                self.meter.start(self.tick)

    def release(self) -> None:
        """Remove a user; the last one stops the meter. Does nothing in a fork, where no meter runs."""
        if self.pid != os.getpid():  # the lock may be held forever, too
            return
        with self._switch:
            self._users -= 1
            if self._users == 0:
                self.meter.stop()
                self._last_tick = math.inf

    @property
    def running(self) -> bool:
        """Whether the attribution has a user."""
        return self._users > 0

    @property
    def metering(self) -> bool:
        """Whether the meter has reported since its start. Calls before that are not covered."""
        return self._spoken

    @property
    def totals(self) -> Totals:
        """The accounts of the process so far."""
        with self._lock:
            pending = sum(interval.active + interval.constant for interval in self._intervals)
            return replace(self._totals, pending=pending)

    @property
    def joules_per_cpu_second(self) -> float | None:
        """The meter's recent ratio of active energy to CPU time; ``None`` until it has seen enough CPU time.

        It is the rate for processes that the meter does not see, such as a model server on this host.
        """
        joules, cpu_seconds = self._rated
        return joules / cpu_seconds if cpu_seconds >= RATED_SECONDS else None

    @property
    def silent(self) -> bool:
        """Whether a running meter has stopped reporting. Figures then stay stand-ins."""
        return not isinstance(self.meter, NullMeter) and time.perf_counter() - self._last_tick > SILENT

    def open(self, line: Line) -> None:
        """Begin a call."""
        with self._lock:
            self._open.add(line)

    def close(self, line: Line) -> None:
        """End a call; its usage is final."""
        with self._lock:
            self._open.discard(line)
            if not isinstance(self.meter, NullMeter):
                self._closed.append(line)

    def tick(self, interval: Interval) -> None:
        """Add a reading and split every interval whose calls have ended."""
        with self._ticked:
            self._last_tick = time.perf_counter()
            if not interval.plausible:
                self._refuse(interval)
                return
            if not self._spoken or interval.begin - self._until > GAP:
                self._uncover(interval.begin)
            self._until, self._spoken = max(self._until, interval.end), True
            self._totals.metered += interval.active + interval.constant + interval.unexplained
            self._totals.unexplained += interval.unexplained
            if interval.cpu_seconds >= BUSY * (interval.end - interval.begin):
                joules, cpu_seconds = (RECENT * amount for amount in self._rated)
                self._rated = joules + interval.active, cpu_seconds + interval.cpu_seconds
            self._intervals.append(interval)
            computing = [line for line in self._open if line.profile.runs == "in_process"]
            ripe = []
            while self._intervals and self._ripe(self._intervals[0], computing):
                ripe.append(self._intervals.popleft())
            for interval, claims in zip(ripe, spread(self._closed, ripe), strict=True):
                self._split(interval, claims, computing)
            self._ticked.notify_all()

    def _refuse(self, interval: Interval) -> None:
        self._totals.faults += 1
        level = logging.WARNING if self._totals.faults == 1 else logging.DEBUG
        _log.log(level, "meter %s: implausible reading ignored: %s", self.meter.name, interval)
        self._uncover(time.perf_counter())

    def _uncover(self, end: float) -> None:
        """Mark the calls that were open between the last reading and ``end`` as not fully metered."""
        if end > self._until:
            for line in (*self._open, *self._closed):
                if line.begin < end and (line.end is None or line.end > self._until):
                    line.covered = False
            self._until = end

    def wait(self, lines: list[Line], timeout: float) -> bool:
        """Wait until the meter has covered ``lines`` to their ends; return whether it has."""
        with self._ticked:
            return self._ticked.wait_for(lambda: all(line.settled for line in lines), timeout)

    def _ripe(self, interval: Interval, computing: list[Line]) -> bool:
        late = time.perf_counter() - interval.end > PATIENCE
        return late or all(line.begin >= interval.end for line in computing)

    def _split(self, interval: Interval, claims: dict[Line, float], computing: list[Line]) -> None:
        patient = {line: line.overlap(interval) for line in computing}
        together = sum(patient.values())
        if together > 0:
            rest = max(0.0, interval.cpu_seconds - sum(claims.values()))
            claims |= {line: rest * seconds / together for line, seconds in patient.items()}
        total = sum(claims.values())
        per_cpu_second = interval.active / max(total, interval.cpu_seconds, 1e-9)
        for line, claim in claims.items():
            joules = claim * per_cpu_second
            line.joules += joules
            line.charged += claim
            self._totals.ingest += joules * line.query_id.startswith(INGEST)
            self._totals.warm += joules * line.query_id.startswith(WARM)
        active = total * per_cpu_second
        idle = interval.active - active
        self._totals.active += active
        self._totals.idle += idle
        self._totals.constant += interval.constant
        self._share_overhead(interval, idle + interval.constant, [*self._closed, *computing])
        for _ in range(len(self._closed)):
            line = self._closed.popleft()
            if line.end is not None and line.end <= interval.end:
                line.settled = True
            else:
                self._closed.append(line)

    @staticmethod
    def _share_overhead(interval: Interval, overhead: float, lines: list[Line]) -> None:
        overlaps = [(line, line.overlap(interval)) for line in lines]
        seconds = max(sum(overlap for _, overlap in overlaps), interval.end - interval.begin)
        for line, overlap in overlaps:
            line.overhead += overhead * overlap / seconds
