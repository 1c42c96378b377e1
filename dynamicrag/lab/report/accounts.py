"""Owners of the metered energy: the accounts of the processes that answered some queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.lab.report.figures import least_certain, parts_of
from dynamicrag.lab.report.records import Process
from dynamicrag.lab.report.turns import ROUNDING, Turn
from dynamicrag.records import Figure


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of all processes that answered some queries, added up.

    Attributes:
        processes: Number of processes.
        meters: Names of their meters.
        metered: The meters' total, in joules.
        accounts: Joules by account: ``queries``, ``ingestion``, ``warming``, ``idle``, ``constant``,
            ``unexplained`` and ``pending``.
        residual: ``metered`` less all accounts; 0 to rounding.
        selected: The part of the account ``queries`` that these queries used.
        faults: Number of readings that were refused.
        missing: Number of queries whose process left no accounts.
    """

    processes: int
    meters: Sequence[str]
    metered: Figure
    accounts: Mapping[str, Figure]
    residual: Figure
    selected: Figure
    faults: int
    missing: int


def accounts(turns: Sequence[Turn], processes: Mapping[str, Process]) -> Accounts:
    """Return the accounts of all processes that answered one of ``turns``."""
    found = {name: processes[name] for name in {turn.process for turn in turns} if name in processes}
    own = list(found.values())
    kind = least_certain([process.kind for process in own])
    sums = {
        "queries": sum(process.active - process.ingest - process.warm for process in own),
        "ingestion": sum(process.ingest for process in own),
        "warming": sum(process.warm for process in own),
        "idle": sum(process.idle for process in own),
        "constant": sum(process.constant for process in own),
        "unexplained": sum(process.unexplained for process in own),
        "pending": sum(process.pending for process in own),
    }
    metered = sum(process.metered for process in own)
    residual = metered - sum(sums.values())
    if abs(residual) <= ROUNDING * max(1.0, metered):
        residual = 0.0
    # a stand-in for joules that the meter had not covered is in no account
    settled = [turn for turn in turns if turn.process in found and not turn.provisional]
    selected = sum(parts_of(turn.cost["joules"]).get(found[turn.process].kind, 0.0) for turn in settled)
    return Accounts(
        processes=len(own),
        meters=sorted({process.meter for process in own}),
        metered=Figure(value=metered, kind=kind),
        accounts={name: Figure(value=float(value), kind=kind) for name, value in sums.items()},
        residual=Figure(value=residual, kind=kind),
        selected=Figure(value=selected, kind=kind),
        faults=int(sum(process.faults for process in own)),
        missing=sum(turn.process not in found for turn in turns),
    )
