"""The report on kept queries, before any renderer shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dynamicrag.lab.report.accounts import Accounts, accounts
from dynamicrag.lab.report.calibrations import Calls, ModelRates, calibrations
from dynamicrag.lab.report.drift import Drift, drift
from dynamicrag.lab.report.feedback import FeedbackSummary
from dynamicrag.lab.report.notes import notes_on, unmetered_models
from dynamicrag.lab.report.records import Process
from dynamicrag.lab.report.savings import Comparison, compare
from dynamicrag.lab.report.selection import By, Selection, grouped
from dynamicrag.lab.report.summary import Summary, summarise
from dynamicrag.lab.report.turns import Turn
from dynamicrag.lab.results import Result
from dynamicrag.policy.calibrated import Calibrated


@dataclass(frozen=True, slots=True)
class Savings:
    """The savings of policies.

    Attributes:
        baseline: The policy that they are compared with.
        policies: The comparisons by policy.
        note: Why there are none.
    """

    baseline: str
    policies: Mapping[str, Comparison]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Report(Result):
    """A report.

    Attributes:
        selection: The selection of queries.
        first: Time of the first answer, ISO 8601 in UTC; ``None`` without queries.
        last: Time of the last answer.
        overall: The summary of all of them.
        policies: Summaries by policy, the baseline last.
        groups: Summaries by group.
        accounts: Owners of the metered energy.
        saving: Savings against the baseline.
        calibrations: The cost of calls on each host.
        notes: Notes on the figures.
        drift: Recent queries against their policy's calibration, by policy.
        feedback: The feedback on the queries.
    """

    selection: Selection
    first: str | None
    last: str | None
    overall: Summary
    policies: Mapping[str, Summary]
    groups: Mapping[str, Summary]
    accounts: Accounts
    saving: Savings
    calibrations: Sequence[ModelRates]
    notes: Sequence[str]
    drift: Mapping[str, Drift]
    feedback: FeedbackSummary


def make_report(
    turns: Sequence[Turn],
    processes: Mapping[str, Process],
    selection: Selection,
    calls: Calls | None = None,
    notes: Sequence[str] = (),
    bands: Mapping[str, Calibrated] | None = None,
    feedback: FeedbackSummary | None = None,
) -> Report:
    """Return the report of the selected queries.

    Args:
        turns: Kept queries, oldest first; the baseline's too, selected or not.
        processes: Accounts of processes by id.
        selection: The selection of queries.
        calls: Metered calls by host and model, of all queries.
        notes: Notes on how the queries were loaded.
        bands: The expected figures of calibrated policies, by policy.
        feedback: The feedback on the selected queries.
    """
    chosen = selection.of(turns)
    books, overall = accounts(chosen, processes), summarise(chosen)
    return Report(
        selection=selection,
        first=iso(chosen[0].at) if chosen else None,
        last=iso(chosen[-1].at) if chosen else None,
        overall=overall,
        policies=_groups(chosen, By.policy, selection.baseline),
        groups=_groups(chosen, selection.by, selection.baseline),
        accounts=books,
        saving=_savings(chosen, turns, processes, selection),
        calibrations=calibrations(calls or {}),
        notes=[*notes, *notes_on(overall, books), *unmetered_models(chosen)],
        drift=drift(chosen, bands or {}),
        feedback=feedback or FeedbackSummary(),
    )


def iso(at: float) -> str:
    """Return a time in seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _groups(turns: Sequence[Turn], by: By, baseline: str) -> dict[str, Summary]:
    return {name: summarise(own) for name, own in grouped(turns, by, baseline).items()}


def _savings(
    chosen: Sequence[Turn], turns: Sequence[Turn], processes: Mapping[str, Process], selection: Selection
) -> Savings:
    name = selection.baseline
    # a baseline is run on threads of its own, so it is looked for in all of them
    theirs = Selection(policy=name, since=selection.since).of(turns)
    policies = {policy: own for policy, own in grouped(chosen, By.policy).items() if policy != name}
    if not policies:
        note = f"only the baseline {name} was run: nothing to compare" if chosen else "no runs"
        return Savings(name, {}, note)
    if not theirs:
        within = " in this time" if selection.since > 0 else ""
        return Savings(name, {}, f"no baseline run{within}: run `dynamicrag ask --baseline {name} …`")
    found = {}
    for policy, own in policies.items():
        ids = {turn.process for turn in (*own, *theirs)}
        ingested = sum(processes[process].ingest for process in ids if process in processes)
        found[policy] = compare(own, theirs, ingested)
    return Savings(name, found)
