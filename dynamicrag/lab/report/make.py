"""The report: everything that is shown of kept queries, as plain data, before anybody draws it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.report.accounts import accounts
from dynamicrag.lab.report.calibrations import Calls, calibrations
from dynamicrag.lab.report.figures import summarise
from dynamicrag.lab.report.records import Process, Turn
from dynamicrag.lab.report.savings import compare
from dynamicrag.lab.report.selection import By, Selection, grouped
from dynamicrag.lab.view.amounts import amount

Report = dict[str, Any]


def make_report(
    turns: Sequence[Turn],
    processes: Mapping[str, Process],
    selection: Selection,
    calls: Calls | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Return the report of the selected queries.

    Args:
        turns: Kept queries, oldest first; the baseline's too, whatever is selected.
        processes: Accounts of processes by id.
        selection: Which of them it is about.
        calls: Metered calls by host and model, whatever is selected.
        notes: What a reader must know of how the queries were loaded.

    Returns:
        ``selection``; ``first`` and ``last`` (ISO 8601, UTC, or ``None``); ``overall``, ``policies`` and
        ``groups`` (see :func:`.figures.summarise`); ``accounts``; ``saving``: ``baseline``, ``policies``
        (see :func:`.savings.compare`) and ``note``, why there is none; ``calibrations`` (see
        :func:`.calibrations.calibrations`); ``notes``: what a reader must know of the figures.
    """
    chosen = selection.of(turns)
    books = accounts(chosen, processes)
    overall = summarise(chosen)
    return {
        "selection": {
            "policy": selection.policy,
            "thread": selection.thread,
            "tag": selection.tag,
            "user": selection.user,
            "since": _iso(selection.since) if selection.since > 0 else None,
            "by": selection.by.value,
            "baseline": selection.baseline,
        },
        "first": _iso(chosen[0]["at"]) if chosen else None,
        "last": _iso(chosen[-1]["at"]) if chosen else None,
        "overall": overall,
        "policies": _groups(chosen, By.policy, selection.baseline),
        "groups": _groups(chosen, selection.by, selection.baseline),
        "accounts": books,
        "saving": _saving(chosen, turns, processes, selection),
        "calibrations": calibrations(calls or {}),
        "notes": [*notes, *_notes(overall, books)],
    }


def _groups(turns: Sequence[Turn], by: By, baseline: str) -> dict[str, Any]:
    return {name: summarise(own) for name, own in grouped(turns, by, baseline).items()}


def _saving(
    chosen: Sequence[Turn], turns: Sequence[Turn], processes: Mapping[str, Process], selection: Selection
) -> dict[str, Any]:
    name = selection.baseline
    # a baseline is run on threads of its own, so it is looked for in all of them
    theirs = Selection(policy=name, since=selection.since).of(turns)
    found: dict[str, Any] = {"baseline": name, "policies": {}, "note": None}
    policies = {policy: own for policy, own in grouped(chosen, By.policy).items() if policy != name}
    if not policies:
        found["note"] = f"only the baseline {name} was run: nothing to compare" if chosen else "no runs"
    elif not theirs:
        within = " in this time" if selection.since > 0 else ""
        found["note"] = f"no baseline run{within}: run `dynamicrag ask --baseline {name} …`"
    else:
        for policy, own in policies.items():
            ids = {turn["process"] for turn in (*own, *theirs)}
            ingested = sum(processes[process]["ingest"] for process in ids if process in processes)
            found["policies"][policy] = compare(own, theirs, ingested)
    return found


def _notes(overall: Mapping[str, Any], books: Mapping[str, Any]) -> list[str]:
    joules, queries = overall["joules"]["total"], overall["queries"]
    found = []
    if overall["provisional"]:
        found.append(
            f"provisional: {overall['provisional']} of {queries} queries, which the meter had not covered "
            "when they were kept, so that stand-ins are in their joules"
        )
    if overall["failed"]:
        found.append(f"failed: {overall['failed']} of {queries} queries; what they cost is in all sums")
    staged = sum(stage["total"]["value"] for stage in overall["stages"].values())
    if joules and abs(staged - joules["value"]) > 1e-3 * joules["value"]:
        found.append(
            f"the stages add up to {_joules(staged)}, the queries to {_joules(joules['value'])}: some were "
            "metered while they were being kept"
        )
    if residual := books["residual"]["value"]:
        found.append(
            f"{_joules(residual)} of the {_joules(books['metered']['value'])} metered are in no account"
        )
    if books["selected"]["value"] > 1.001 * books["accounts"]["queries"]["value"] + 1:
        found.append(
            f"the queries' own figures come to {_joules(books['selected']['value'])}, which is more than "
            f"their account of {_joules(books['accounts']['queries']['value'])}: the accounts are incomplete"
        )
    for row, _ in DIMENSIONS.derived:
        if missing := queries - overall[row.name]["queries"]:
            found.append(
                f"{row.name}: not counted in {missing} of {queries} queries, which were kept before it was "
                "a dimension; its figures are of the others"
            )
    if books["faults"]:
        found.append(f"impossible readings of the meter, which count nowhere: {books['faults']}")
    if books["missing"]:
        found.append(f"without process accounts: {books['missing']} of {queries} queries")
    return found


def _joules(value: float) -> str:
    return amount("joules", value)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
