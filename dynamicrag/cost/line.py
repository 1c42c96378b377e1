"""A line on an account: one call, from its begin to its end."""

import time
from dataclasses import dataclass

from dynamicrag.cost.meter import Interval
from dynamicrag.cost.profiles import Profile
from dynamicrag.cost.vector import Cost, Kind
from dynamicrag.types import Usage

INGEST = "ingest:"
"""Begins the accounts of corpora, which are no query's."""

NOTHING = Usage()


@dataclass(slots=True, eq=False)
class Line:
    """One call on a query's account.

    Attributes:
        query_id: Whose call it is.
        stage: The stage that made it, or ``condense``, ``ingest`` and the like.
        label: The model, retriever, verifier or router called.
        profile: Where it ran, and its coefficients.
        begin: Start on ``time.perf_counter``.
        spec: The model called, ``provider:model``, if one was; of a verifier that computes itself, the stage.
        end: End, or ``None`` while it runs.
        working: When the computing began, after waiting in a queue for it.
        usage: What it consumed; whoever makes the call sets it before the span closes, failed or not.
        failed: Whether it raised or was cancelled; it is charged all the same.
        joules: Metered active energy so far.
        overhead: Its share so far of the constant part and of what nobody used, for the *full* figure.
        charged: CPU-seconds of it that intervals have already been split by.
        settled: Whether the meter has covered it to its end.
        covered: Whether the meter has missed no part of it so far.
        id: Unique among all processes.
        booked: What the budget's total was charged for it when it ended.
        closed: Whether its book is closed: the total corrected, the calibration taught.
        priced: Its cost as last worked out, and whether it was settled then.
        brought: Its cost, if the call was made in another process; then this one's clock knows nothing of it.
        overhead_kind: Provenance of its overhead, if it was brought.
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

    def started(self) -> None:
        """Say that waiting is over and computing begins."""
        self.working = time.perf_counter()

    def overlap(self, interval: Interval) -> float:
        """Return the seconds of ``interval`` in which this line was open."""
        end = interval.end if self.end is None else min(self.end, interval.end)
        return max(0.0, end - max(self.begin, interval.begin))

    def claim(self, interval: Interval, charged: float) -> float:
        """Return the declared CPU-seconds that fall into ``interval``, spread evenly over the work.

        Args:
            interval: The interval.
            charged: CPU-seconds that earlier intervals have taken; the rest is spread over the time since.
        """
        rest = self.usage.cpu_seconds - charged
        if self.end is None or rest <= 0 or self.profile.runs != "in_process":
            return 0.0
        since = max(self.begin, self.working, interval.begin)
        left = self.end - since
        if left <= 0:
            return rest if self.end <= interval.end else 0.0
        return rest * max(0.0, min(1.0, (interval.end - since) / left))
