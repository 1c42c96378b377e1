"""A line on an account: one call, from its begin to its end."""

import time
from dataclasses import dataclass

from dynamicrag.cost.meter import Interval
from dynamicrag.cost.profiles import Profile
from dynamicrag.cost.rates import calibration_key
from dynamicrag.cost.vector import Cost, Kind
from dynamicrag.types import Usage

INGEST = "ingest:"
"""Prefix of the account ids of corpora, which belong to no query."""

WARM = "warm:"
"""Prefix of the account ids of models' first calls, which read what later prompts begin with."""
BEFOREHAND = (INGEST, WARM)

NOTHING = Usage()


@dataclass(slots=True, eq=False)
class Line:
    """One call on a query's account.

    Attributes:
        query_id: The query that made the call.
        stage: The stage that made it, or another part, for example ``condense`` or ``ingest``.
        label: The model, retriever, verifier or router called.
        profile: Location and coefficients of the callee.
        begin: Start on ``time.perf_counter``.
        spec: The model called, ``provider:model``, if any; for a verifier that computes locally, the stage.
        end: End, or ``None`` while it runs.
        working: Start of the computation, after waiting in a queue.
        usage: Consumption; the caller sets it before the span closes, also after a failure.
        failed: Whether it raised or was cancelled; it is charged all the same.
        joules: Metered active energy so far.
        overhead: Its share so far of the constant part and of idling, for the *full* figure.
        charged: CPU-seconds of it that are already split among intervals.
        settled: Whether the meter has covered it to its end.
        covered: Whether the meter has covered it without a gap so far.
        id: Unique among all processes.
        booked: Amounts booked on the budget's total when it ended.
        closed: Whether its book is closed: the total corrected, the calibration updated.
        priced: Its cost when last computed, and whether it was settled then.
        brought: Its cost, if another process made the call; its times are then unknown to this clock.
        overhead_kind: Provenance of its overhead, if another process made the call.
        rate: Joules per CPU-second of a server on this host, as the meter saw them when the call began.
        unmetered: The reason why the energy of a server on this host is an estimate; empty if it is not.
    """

    query_id: str
    stage: str
    label: str
    profile: Profile
    begin: float
    spec: str = ""
    end: float | None = None
    working: float = 0.0
    usage: Usage = NOTHING
    failed: bool = False
    joules: float = 0.0
    overhead: float = 0.0
    charged: float = 0.0
    settled: bool = False
    covered: bool = True
    id: str = ""
    booked: Cost | None = None
    closed: bool = False
    priced: tuple[bool, Cost] | None = None
    brought: Cost | None = None
    overhead_kind: Kind | None = None
    rate: float = 0.0
    unmetered: str = ""

    @property
    def key(self) -> str:
        """The key of the called model's calibration: the same model on another server is another one."""
        return calibration_key(self.spec, self.profile)

    @property
    def server_joules(self) -> float:
        """The energy of a server on this host for the call: CPU time × rate, and the GPU's."""
        return self.usage.server_cpu_seconds * self.rate + self.usage.gpu_joules

    def started(self) -> None:
        """Mark the end of waiting and the start of computing."""
        self.working = time.perf_counter()

    def overlap(self, interval: Interval) -> float:
        """Return the seconds of ``interval`` in which this line was open."""
        end = interval.end if self.end is None else min(self.end, interval.end)
        return max(0.0, end - max(self.begin, interval.begin))

    def claim(self, interval: Interval, charged: float) -> float:
        """Return the declared CPU-seconds that fall into ``interval``, spread evenly over the work.

        Args:
            interval: The interval.
            charged: CPU-seconds charged to earlier intervals; the rest is spread over the time since.
        """
        rest = self.usage.cpu_seconds - charged
        if self.end is None or rest <= 0 or self.profile.runs != "in_process":
            return 0.0
        since = max(self.begin, self.working, interval.begin)
        left = self.end - since
        if left <= 0:
            return rest if self.end <= interval.end else 0.0
        return rest * max(0.0, min(1.0, (interval.end - since) / left))
