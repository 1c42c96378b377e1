"""The account of every query: a line per call, each with its cost and provenance.

The ledger lives outside any graph's state, keyed by query id, because the update of a node that
raises is lost and the failed call's cost would vanish with it.
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.charge import Amount, cost_of, overhead_of
from dynamicrag.cost.line import INGEST, Line
from dynamicrag.cost.meter import NullMeter
from dynamicrag.cost.process import shared_attribution
from dynamicrag.cost.profiles import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import Cost, Scope


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
    """Accounts by query id.

    Args:
        attribution: Splits the process's metered energy among all calls.
        host: Coefficients that stand in for the meter until it has spoken.
        calibration: What models cost on this host; better stand-ins, where it knows the model.
        keep: Number of accounts kept; the oldest go first.
    """

    def __init__(
        self,
        attribution: Attribution,
        host: Host,
        calibration: Calibration | None = None,
        keep: int = 10_000,
    ) -> None:
        self._home = attribution
        self.host = host
        self.calibration = calibration or Calibration()
        self._keep = keep
        self._lock = threading.Lock()
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    @property
    def attribution(self) -> Attribution:
        """This process's; a fork has its own, for the meter's thread does not survive it."""
        if self._home.pid != os.getpid():
            running, self._lock = self._home.running, threading.Lock()
            self._home = shared_attribution(self._home.meter.name)
            if running:
                self._home.acquire()
        return self._home

    @contextmanager
    def span(
        self, query_id: str, stage: str, label: str, profile: Profile = IN_PROCESS, spec: str = ""
    ) -> Iterator[Line]:
        """Account for one call; its line stays even if the call raises or is cancelled.

        Args:
            query_id: Whose call it is.
            stage: The stage that makes it, or what else does.
            label: What is called, by its name in the policy.
            profile: Where it runs, and its coefficients.
            spec: The model that is called, if one is.
        """
        attribution = self.attribution
        line = Line(query_id, stage, label, profile, time.perf_counter(), spec=spec)
        with self._lock:
            account = self._accounts.get(query_id)
            if account is None:
                account = self._accounts[query_id] = Account(query_id)
                self._forget()
            account.lines.append(line)
        attribution.open(line)
        try:
            yield line
        except BaseException:
            line.failed = True
            raise
        finally:
            line.end = time.perf_counter()
            attribution.close(line)

    def _forget(self) -> None:
        while len(self._accounts) > self._keep:
            oldest = next(iter(self._accounts))
            if oldest.startswith(INGEST):  # it has no query that would be over
                self._accounts.move_to_end(oldest)
            else:
                del self._accounts[oldest]

    def account(self, query_id: str) -> Account:
        """Return the account of a query, empty if there is none."""
        with self._lock:
            return self._accounts.get(query_id) or Account(query_id)

    def cost(self, query_id: str, scope: Scope = "active") -> Cost:
        """Return what a query has cost so far."""
        return Cost.total((self.line_cost(line, scope) for line in self.account(query_id).lines), scope)

    def stages(self, query_id: str) -> dict[str, Cost]:
        """Return what a query has cost so far, by stage, in the order in which they began."""
        costs: dict[str, list[Cost]] = {}
        for line in self.account(query_id).lines:
            costs.setdefault(line.stage, []).append(self.line_cost(line))
        return {stage: Cost.total(of_stage) for stage, of_stage in costs.items()}

    def line_cost(self, line: Line, scope: Scope = "active") -> Cost:
        """Return the cost of one call: the metered joules once settled, stand-ins until then.

        In scope ``full``, joules and carbon include the call's share of the constant part and of idling,
        as far as the meter has covered it.
        """
        cost = cost_of(line.usage, line.profile, self.host, self._energy(line))
        if scope == "active":
            return cost
        overhead = Amount(line.overhead, self.attribution.meter.kind)
        return cost.with_overhead(overhead_of(overhead, self.host))

    def _energy(self, line: Line) -> Amount | None:
        if line.profile.runs != "in_process":
            return None
        if line.settled and line.covered:
            return Amount(line.joules, self.attribution.meter.kind)
        fitted = self.calibration.of(line.spec) if line.spec else None
        if fitted is None or not line.usage.calls:
            return None
        usage = line.usage
        predicted = fitted.joules.of(usage.input_tokens, usage.output_tokens, usage.cached_tokens)
        return Amount(predicted, "calibrated")

    def settle(self, query_id: str, timeout: float = 5.0) -> bool:
        """Wait until the meter has covered all closed lines of a query.

        Returns:
            Whether it has; ``False`` after ``timeout`` seconds, or at once without a meter.
        """
        if isinstance(self.attribution.meter, NullMeter):
            return False
        return self.attribution.wait(self.account(query_id).lines, timeout)
