"""Whose the metered energy was: the accounts of the processes that answered some queries."""

from collections.abc import Mapping, Sequence
from typing import Any

from dynamicrag.lab.report.figures import least_certain, parts_of
from dynamicrag.lab.report.records import ROUNDING, Process, Turn
from dynamicrag.types import Figure

ACCOUNTS: Mapping[str, str] = {
    "queries": "calls made for queries",
    "ingestion": "embedding documents for the index",
    "idle": "load that no call claimed: loading models, waiting, the rest of the program",
    "constant": "what does not follow the load (memory)",
    "unexplained": "what the meter reported beyond this program's CPU time; a sensor sees other programs too",
    "pending": "metered, but not yet split when the last query was kept",
}


def accounts(turns: Sequence[Turn], processes: Mapping[str, Process]) -> dict[str, Any]:
    """Return the accounts of all processes that answered one of ``turns``, added up.

    Returns:
        ``processes``, ``meters`` (names), ``metered`` and the ``accounts`` (figures); ``residual``, what the
        accounts lack of the meter's sum, 0 to rounding; ``selected``, the part of the queries' energy that
        is of ``turns`` themselves;
        ``faults``, readings refused; ``missing``, queries whose process left no accounts.
    """
    names = {turn["process"] for turn in turns}
    found = {name: process for name, process in processes.items() if name in names}
    kind = least_certain([process["kind"] for process in found.values()])
    sums = {"queries": 0.0, "ingestion": 0.0}
    metered = 0.0
    for process in found.values():
        metered += process["metered"]
        sums["ingestion"] += process["ingest"]
        sums["queries"] += process["active"] - process["ingest"]
        for account in ("idle", "constant", "unexplained", "pending"):
            sums[account] = sums.get(account, 0.0) + process[account]
    residual = metered - sum(sums.values())
    if abs(residual) <= ROUNDING * max(1.0, metered):
        residual = 0.0
    return {
        "processes": len(found),
        "meters": sorted({process["meter"] for process in found.values()}),
        "metered": Figure(value=metered, kind=kind),
        "accounts": {account: Figure(value=sums.get(account, 0.0), kind=kind) for account in ACCOUNTS},
        "residual": Figure(value=residual, kind=kind),
        "selected": Figure(value=_selected(turns, found), kind=kind),
        "faults": int(sum(process.get("faults", 0) for process in found.values())),
        "missing": sum(turn["process"] not in found for turn in turns),
    }


def _selected(turns: Sequence[Turn], processes: Mapping[str, Process]) -> float:
    """Return the active joules of settled queries that are of the kind of their process's meter."""
    joules = 0.0
    for turn in turns:
        if turn["process"] in processes and not turn.get("provisional"):
            joules += parts_of(turn["cost"]["joules"]).get(processes[turn["process"]]["kind"], 0.0)
    return joules
