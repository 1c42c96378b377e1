"""Closes the books of finished queries in a background thread, so that no answer waits for them.

Once the meter has covered a query, its calls are added to the calibration, the budget is corrected to their
actual cost, and the query is written to the run database. A failure here is logged and counted; an answer
never fails because its accounting failed.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.calibration import Observation
from dynamicrag.cost.finished import Finished
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.line import Line
from dynamicrag.cost.query_log import log_finished
from dynamicrag.cost.run_record import run_record
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import DynamicRAGError
from dynamicrag.topology import JUDGING

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs
    from dynamicrag.store.log import Log
    from dynamicrag.store.logged import LoggedQuery

SETTLE_SECONDS = 60.0
LOOK_SECONDS = 0.25

_log = logging.getLogger(__name__)


class Bookkeeper:
    """Closes the books of finished queries.

    Args:
        ledger: The ledger that has their lines.
        budget: The budget that they are charged to.
        runs: The run database, or ``None`` if runs are not kept.
        log: The decision log, or ``None`` if it is not kept.

    Attributes:
        log: As given.
        failures: Number of accounts and of decisions of queries that could not be stored.
    """

    def __init__(self, ledger: Ledger, budget: Budget, runs: "Runs | None", log: "Log | None" = None) -> None:
        self._ledger = ledger
        self._budget = budget
        self._runs = runs
        self.log = log
        self._queue: deque[Finished | threading.Event] = deque()
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._free = threading.Condition(self._lock)
        self._latest: dict[str, Finished] = {}
        self._committing = ""
        self._pid = 0
        self._silence_logged = False
        self.failures = 0

    def commit(self, query_id: str, entry: "Callable[[], LoggedQuery]", user: str) -> None:
        """Commit an answered query of a user to the decision log, by its entry. Never fails; blocks."""
        with self._free:
            self._free.wait_for(lambda: self._committing != query_id)
        self._commit(query_id, entry, user)

    def _commit(self, query_id: str, entry: "Callable[[], LoggedQuery]", user: str) -> None:
        if self.log is None:
            return
        try:
            self.log.add(entry(), user)
        except DynamicRAGError as error:
            self.failed(query_id, "decisions", str(error))
        except Exception as error:  # noqa: BLE001 - an answer must not fail because of its log
            self.failed(query_id, "decisions", f"{type(error).__name__}: {error}")

    def submit(self, finished: Finished) -> None:
        """Queue a finished query; it replaces the same query in the queue. Never blocks and never fails."""
        with self._lock:
            # the thread does not survive a fork; the parent closes the queries that wait
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._queue, self._hurry, self._latest = deque(), threading.Event(), {}
                self._committing = ""
                threading.Thread(target=self._work, name="dynamicrag-books", daemon=True).start()
            self._latest[finished.query_id] = finished
        self._queue.append(finished)  # the thread polls: waking it would cost the query a context switch

    def flush(self, timeout: float = SETTLE_SECONDS) -> bool:
        """Wait until the books of all queries submitted so far are closed; return whether they are."""
        if self._pid != os.getpid():
            return True
        done = threading.Event()
        self._queue.append(done)
        self._hurry.set()
        return done.wait(timeout)

    def close(self, timeout: float = SETTLE_SECONDS) -> None:
        """Wait as :meth:`flush`, and close the run store; later queries open it again."""
        self.flush(timeout)
        if self._runs is not None:
            self._runs.database.close()

    def _work(self) -> None:
        while True:
            if not self._queue:
                self._hurry.wait(LOOK_SECONDS)
                self._hurry.clear()
                continue
            item = self._queue.popleft()
            if isinstance(item, threading.Event):
                item.set()
                continue
            if item.goes_on and not self._is_latest(item):
                continue
            try:
                self._commit_part(item)
                if not item.paid:
                    self._close(item)
            except DynamicRAGError as error:
                self.failed(item.query_id, "account", str(error))
            except Exception as error:  # noqa: BLE001 - the next query's books must be closed all the same
                self.failed(item.query_id, "account", f"{type(error).__name__}: {error}")
            with self._lock:
                if self._latest.get(item.query_id) is item:
                    del self._latest[item.query_id]

    def _commit_part(self, item: Finished) -> None:
        """Commit the decisions of a query without an answer, unless its end is being committed."""
        if item.entry is None:
            return
        with self._lock:
            if self._latest.get(item.query_id) is not item:
                return
            self._committing = item.query_id
        try:
            self._commit(item.query_id, item.entry, item.user)
        finally:
            with self._free:
                self._committing = ""
                self._free.notify_all()

    def _is_latest(self, item: Finished) -> bool:
        with self._lock:
            return self._latest.get(item.query_id) is item

    def failed(self, query_id: str, what: str, why: str) -> None:
        """Count a record that could not be stored; the first is logged as a warning."""
        self.failures += 1
        level = logging.WARNING if self.failures == 1 else logging.DEBUG
        _log.log(level, "query %s is answered, but its %s could not be stored: %s", query_id, what, why)

    def _close(self, item: Finished) -> None:
        ledger = self._ledger
        silent = ledger.attribution.silent
        if silent and not self._silence_logged:
            self._silence_logged = True
            _log.warning(
                "meter %s has stopped reporting: from now on joules are estimates, marked provisional",
                ledger.attribution.meter.name,
            )
        account = ledger.account(item.query_id)
        ended = [line for line in account.lines if line.end is not None and not line.closed]
        ledger.settle(item.query_id, 0.0 if silent else SETTLE_SECONDS, ended if item.goes_on else None)
        calls: dict[str, list[Observation]] = {}
        for line in ended:
            line.closed = True  # each line once: a query may be rerun from any of its checkpoints
            line.priced = None
            observation = observed(line)
            if observation is not None:
                ledger.calibration.observe(line.key, observation)
                calls.setdefault(line.key, []).append(observation)
        if self._budget.total:
            ours = [line for line in ended if line.stage != JUDGING]
            booked = Cost.total(line.booked for line in ours if line.booked is not None)
            self._budget.close(ledger.total(ours), booked)
        if not item.goes_on:
            cost = ledger.cost(item.query_id)
            log_finished(item.query_id, item.facts, cost, provisional=account.provisional)
        if self._runs is not None:
            lines = list(account.lines)
            turn = {
                **run_record(ledger, item.query_id, lines),
                **item.facts,
                "provisional": account.provisional,
            }
            if turn.get("thread"):  # another process may continue or rerun it
                turn["lines"] = ledger.records(line for line in lines if line.end is not None)
            totals = asdict(ledger.attribution.totals)
            meter = {"meter": ledger.attribution.meter.name, "kind": ledger.attribution.meter.kind}
            self._runs.add(turn, item.question, calls, {"id": ledger.attribution.id, **meter, **totals})

    def kept(self, query_id: str) -> dict[str, Any]:
        """Return the stored record of a query, empty if there is none. Never fails; may block."""
        try:
            return (self._runs and self._runs.turn(query_id)) or {}
        except DynamicRAGError as error:
            _log.debug("query %s: its record by other processes could not be read: %s", query_id, error)
            return {}

    def logged(self, query_id: str) -> "LoggedQuery | None":
        """Return a query of the decision log, or ``None`` if it is not there. Never fails; may block."""
        try:
            return None if self.log is None else self.log.query(query_id)
        except DynamicRAGError as error:
            _log.debug("query %s: its decisions could not be read: %s", query_id, error)
            return None


def observed(line: Line) -> Observation | None:
    """Return a line as an observation of its model, or ``None`` unless the meter saw the complete call."""
    usage = line.usage
    if line.profile.runs == "in_process":
        joules, whole = line.joules, line.settled and line.covered
    else:
        joules, whole = line.server_joules, line.profile.runs == "same_host" and not usage.assumed
    # a verifier that computes locally has no output tokens
    generated = usage.output_tokens or line.spec == line.stage
    if line.failed or not (whole and line.spec and usage.calls and generated):
        return None
    waited = max(0.0, line.working - line.begin)
    seen = Observation(
        usage.input_tokens - usage.cached_tokens, usage.output_tokens, joules, usage.seconds - waited
    )
    return seen if seen.sound else None
