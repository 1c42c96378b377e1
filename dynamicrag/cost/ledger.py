"""The account of every query: a line per call, each with its cost and provenance.

The ledger lives outside any graph's state, keyed by query id, because the update of a node that
raises is lost and the failed call's cost would vanish with it.
"""

import itertools
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token

from dynamicrag.cost.account import Account, Entry
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.call_span import CallKind, call_span
from dynamicrag.cost.line import BEFOREHAND, Line
from dynamicrag.cost.line_costs import LineCosts
from dynamicrag.cost.meter import NullMeter
from dynamicrag.cost.meters import shared_attribution
from dynamicrag.cost.payer import payer_in
from dynamicrag.cost.profiles import IN_PROCESS, Host, Profile
from dynamicrag.cost.records import line_of, record_of
from dynamicrag.cost.vector import Cost, Scope
from dynamicrag.records import AccountLine

_numbers = itertools.count()
_run: ContextVar["tuple[str, list[Line]] | None"] = ContextVar("dynamicrag_run", default=None)
"""The current query and the lines of its run; see :meth:`Ledger.begin_run`."""


class Ledger(LineCosts):
    """Accounts by query id.

    Args:
        attribution: Splits the process's metered energy among all calls.
        host: Coefficients for estimates until the meter reports.
        calibration: Fitted costs of models on this host; better estimates for the models it knows.
        keep: Number of accounts kept; the oldest are dropped first.
    """

    def __init__(
        self,
        attribution: Attribution,
        host: Host,
        calibration: Calibration | None = None,
        keep: int = 10_000,
    ) -> None:
        super().__init__(host, calibration or Calibration())
        self._home = attribution
        self._keep = keep
        self._lock = threading.Lock()
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    @property
    def attribution(self) -> Attribution:
        """The attribution of this process; a fork has its own, as the meter's thread does not survive."""
        if self._home.pid != os.getpid():
            running, self._lock = self._home.running, threading.Lock()
            self._home = shared_attribution(self._home.meter.name)
            if running:
                self._home.acquire()
        return self._home

    @property
    def metered(self) -> bool:
        """Whether a meter settles the costs of calls in this process."""
        return not isinstance(self._home.meter, NullMeter)

    @contextmanager
    def span(
        self, query_id: str, stage: str, label: str, profile: Profile = IN_PROCESS, spec: str = "", *,
        kind: CallKind = "chat",
    ) -> Iterator[Line]:  # fmt: skip
        """Account for one call; its line stays even if the call raises or is cancelled.

        Args:
            query_id: The query that makes the call.
            stage: The stage, or other part, that makes it.
            label: Name of the callee in the policy.
            profile: Location and coefficients of the callee.
            spec: The called model, if any.
            kind: The work of the call, for its span in a trace.
        """
        attribution = self.attribution
        name = f"{attribution.id}.{next(_numbers)}"
        line = Line(query_id, stage, label, profile, time.perf_counter(), spec=spec, id=name)
        line.rate = attribution.joules_per_cpu_second or self.host.joules_per_cpu_second
        with self._lock:
            self._add(query_id, line)
        run = _run.get()
        if run is not None and run[0] == query_id:
            run[1].append(line)
        with call_span(line, kind, self.line_cost):
            attribution.open(line)
            try:
                yield line
            except BaseException:
                line.failed = True
                raise
            finally:
                line.end = time.perf_counter()
                attribution.close(line)

    def _add(self, query_id: str, line: Line) -> None:
        """Add a line to the account of its query, and to that of the query which pays for it."""
        self._account(query_id).add(line)
        payer = payer_in(self)
        if payer is not None and payer.query_id != query_id:
            account = self._account(payer.query_id)
            if line.id not in account.by_id:
                account.add(line)
            payer.lines.append(line)

    def _account(self, query_id: str) -> Account:
        account = self._accounts.get(query_id)
        if account is None:
            account = self._accounts[query_id] = Account(query_id)
            self._forget()
        return account

    @staticmethod
    def begin_run(query_id: str, lines: list[Line]) -> "Token[tuple[str, list[Line]] | None]":
        """Begin a run of a query: calls in this context join ``lines``, and :meth:`spent` counts only these.

        Returns:
            A token for :meth:`end_run`.
        """
        return _run.set((query_id, lines))

    @staticmethod
    def end_run(token: "Token[tuple[str, list[Line]] | None]") -> None:
        """End the run that :meth:`begin_run` began."""
        _run.reset(token)

    def enter(
        self, query_id: str, records: Sequence[AccountLine] = (), attempt: int = 1, decisions: int = 0
    ) -> Entry:
        """Register that a run of a query begins or continues in this process.

        Lines made by another process join the account; a line that is already present is not added again.

        Args:
            query_id: The query.
            records: The lines before this point of the run.
            attempt: The run's number in its state. A new number is assigned if that run was already further.
            decisions: Number of decisions in its state.
        """
        with self._lock:
            new = query_id not in self._accounts
            account = self._account(query_id)
            by_id, reached = account.by_id, account.reached
            for record in records:
                if record["id"] not in by_id:
                    self._add(query_id, line_of(record))
            if decisions < reached.setdefault(attempt, decisions):
                attempt = max(reached) + 1
                reached[attempt] = decisions
            loose, account.loose = account.loose, []
            return Entry(account, new, attempt, loose)

    def learn(self, query_id: str, lines: Iterable[Line]) -> None:
        """Add lines of calls made elsewhere; a line that is already present is not added again."""
        with self._lock:
            account = self._account(query_id)
            for line in lines:
                if line.id not in account.by_id:
                    account.add(line)

    def lose(self, query_id: str, lines: Iterable[Line]) -> None:
        """Keep the lines of a failed execution for the next one."""
        with self._lock:
            self._account(query_id).loose.extend(lines)

    def find(self, query_id: str, lines: Iterable[Line]) -> None:
        """Take lines back that :meth:`lose` kept: their execution continues itself."""
        ids = {line.id for line in lines}
        with self._lock:
            account = self._account(query_id)
            account.loose = [line for line in account.loose if line.id not in ids]

    def records(self, lines: Iterable[Line]) -> list[AccountLine]:
        """Return lines as plain JSON, with their cost as known by now."""
        kind = self.attribution.meter.kind
        return [record_of(line, self.line_cost(line), kind) for line in lines]

    def _forget(self) -> None:
        while len(self._accounts) > self._keep:
            oldest = next(iter(self._accounts))
            if oldest.startswith(BEFOREHAND):  # such an account belongs to no query that ends
                self._accounts.move_to_end(oldest)
            else:
                del self._accounts[oldest]

    def account(self, query_id: str) -> Account:
        """Return the account of a query, empty if there is none."""
        with self._lock:
            return self._accounts.get(query_id) or Account(query_id)

    def cost(self, query_id: str, scope: Scope = "active") -> Cost:
        """Return the cost of a query so far, over all its runs."""
        return self.total(self.account(query_id).lines, scope)

    def paid_by(self, query_id: str) -> str:
        """Return the query whose limits hold for the calls of a query: itself, or the payer."""
        payer = payer_in(self)
        return query_id if payer is None else payer.query_id

    def spent(self, query_id: str) -> Cost:
        """Return the cost so far of the current run of a query; outside a run, of all its runs.

        Within another query that pays for it, this is the cost of all runs of the payer.
        """
        if (payer := payer_in(self)) is not None:
            return self.cost(payer.query_id)
        run = _run.get()
        mine = run is not None and run[0] == query_id
        return self.total(run[1]) if run is not None and mine else self.cost(query_id)

    def settle(self, query_id: str, timeout: float = 5.0, lines: Sequence[Line] | None = None) -> bool:
        """Wait until the meter has covered all calls of a query made by this process.

        Args:
            query_id: The query.
            timeout: Longest wait in seconds.
            lines: The calls to wait for, if not all.

        Returns:
            Whether it has; ``False`` after ``timeout`` seconds, or at once without a meter.
        """
        if isinstance(self.attribution.meter, NullMeter):
            return False
        lines = self.account(query_id).lines if lines is None else lines
        ours = [line for line in lines if line.brought is None]
        return self.attribution.wait(ours, timeout)
