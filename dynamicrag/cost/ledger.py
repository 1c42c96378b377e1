"""The account of every query: a line per call, and the metered energy split among them.

The ledger lives outside any graph's state, keyed by query id, because the update of a node that
raises is lost and the failed call's cost would vanish with it. A span is opened and closed in O(1).
Metered energy is split when the meter ticks: within an interval, in proportion to the CPU seconds
that the spans declare, spread evenly over each span; what no span claims is ``idle``.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dynamicrag.cost.dimensions import JOULES_PER_KWH, cost_of, grid
from dynamicrag.cost.meter import EnergyMeter, Interval, NullMeter
from dynamicrag.cost.profiles import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import Cost, Dimension, Kind
from dynamicrag.types import Usage


@dataclass(slots=True, eq=False)
class Line:
    """One call on a query's account.

    Attributes:
        query_id: Whose call it is.
        stage: The stage that made it, or ``condense`` and the like.
        label: The model, retriever, verifier or router called.
        profile: Where it ran, and its coefficients.
        begin: Start on ``time.perf_counter``.
        end: End, or ``None`` while it runs.
        usage: What it consumed; the caller sets it before the span closes.
        failed: Whether it raised; it is charged all the same.
        joules: Metered active energy so far.
        settled: Whether the meter has covered it to its end.
    """

    query_id: str
    stage: str
    label: str
    profile: Profile
    begin: float
    end: float | None = None
    usage: Usage = field(default_factory=Usage)
    failed: bool = False
    joules: float = 0.0
    settled: bool = False


@dataclass(slots=True)
class Account:
    """All lines of one query."""

    query_id: str
    lines: list[Line] = field(default_factory=list)

    @property
    def provisional(self) -> bool:
        """Whether any line still waits for the meter."""
        return not all(line.settled for line in self.lines)


class Ledger:
    """Accounts by query id, fed by one meter.

    Args:
        meter: Source of the energy; not started here.
        host: Coefficients that stand in for the meter until it has spoken.
        keep: Number of accounts kept; the oldest go first.
    """

    def __init__(self, meter: EnergyMeter, host: Host, keep: int = 10_000) -> None:
        self.meter = meter
        self.host = host
        self.constant = 0.0
        self.idle = 0.0
        self.metered = 0.0
        self._keep = keep
        self._lock = threading.Lock()
        self._tick = threading.Condition(self._lock)
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._open: set[Line] = set()
        self._closed: list[Line] = []
        self._intervals: deque[Interval] = deque()
        self._since = float("inf")

    @contextmanager
    def span(self, query_id: str, stage: str, label: str, profile: Profile = IN_PROCESS) -> Iterator[Line]:
        """Account for one call; its line stays even if the call raises or is cancelled."""
        line = Line(query_id, stage, label, profile, time.perf_counter())
        with self._lock:
            account = self._accounts.setdefault(query_id, Account(query_id))
            account.lines.append(line)
            self._open.add(line)
            while len(self._accounts) > self._keep:
                self._accounts.popitem(last=False)
        try:
            yield line
        except BaseException:
            line.failed = True
            raise
        finally:
            line.end = time.perf_counter()
            with self._lock:
                self._open.discard(line)
                self._closed.append(line)

    def account(self, query_id: str) -> Account:
        """Return the account of a query, empty if there is none."""
        with self._lock:
            return self._accounts.get(query_id) or Account(query_id)

    def cost(self, query_id: str, stage: str | None = None) -> Cost:
        """Return what a query has cost so far, in all or at one stage."""
        lines = [line for line in self.account(query_id).lines if stage in (None, line.stage)]
        return sum((self.line_cost(line) for line in lines), Cost())

    def line_cost(self, line: Line) -> Cost:
        """Return the cost of one call: the metered joules once settled, modelled ones until then."""
        cost = cost_of(line.usage, line.profile, self.host)
        metered = line.settled and line.begin >= self._since
        if not metered or line.profile.runs != "in_process":
            return cost
        kind: Kind = self.meter.kind
        parts: dict[tuple[Dimension, Kind], float] = {
            (d, k): cost[d] for d in ("usd", "seconds") for k in (cost.kind(d),) if cost[d]
        }
        parts["joules", kind] = line.joules
        parts["gco2e", kind] = line.joules * grid(line.profile, self.host) / JOULES_PER_KWH
        return Cost(parts)

    def tick(self, interval: Interval) -> None:
        """Take an interval from the meter and split every interval that no open span reaches into."""
        with self._tick:
            self._since = min(self._since, interval.begin)
            self.metered += interval.active + interval.constant
            self._intervals.append(interval)
            horizon = min((line.begin for line in self._open), default=float("inf"))
            while self._intervals and self._intervals[0].end <= horizon:
                self._split(self._intervals.popleft())
            self._tick.notify_all()

    def _split(self, interval: Interval) -> None:
        self.constant += interval.constant
        claims = [(line, _claim(line, interval)) for line in self._closed]
        total = sum(claim for _, claim in claims)
        per_cpu_second = interval.active / max(total, interval.cpu_seconds, 1e-9)
        for line, claim in claims:
            line.joules += claim * per_cpu_second
        self.idle += interval.active - total * per_cpu_second
        waiting = []
        for line in self._closed:
            if line.end is not None and line.end <= interval.end:
                line.settled = True
            else:
                waiting.append(line)
        self._closed = waiting

    def settle(self, query_id: str, timeout: float = 5.0) -> bool:
        """Wait until the meter has covered all closed lines of a query.

        Returns:
            Whether it has; ``False`` after ``timeout`` seconds, or at once without a meter.
        """
        if isinstance(self.meter, NullMeter):
            return False
        account = self.account(query_id)
        with self._tick:
            return self._tick.wait_for(lambda: not account.provisional, timeout)


def _claim(line: Line, interval: Interval) -> float:
    """Return the declared CPU seconds of ``line`` that fall into ``interval``."""
    end = line.end if line.end is not None else interval.end
    if line.usage.cpu_seconds <= 0 or line.profile.runs != "in_process":
        return 0.0
    overlap = min(end, interval.end) - max(line.begin, interval.begin)
    if overlap <= 0:
        return 0.0
    return line.usage.cpu_seconds * overlap / max(end - line.begin, 1e-9)
