"""The queries and the accounts of processes in a run database; damaged queries are left out and named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from dynamicrag.cost.vector import KINDS
from dynamicrag.errors import RunsError
from dynamicrag.lab.left_out import left_out
from dynamicrag.lab.report.turns import Turn, amount, read_turn

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs

_BROKEN = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Process:
    """The accounts of a process, in joules.

    Attributes:
        kind: Provenance of its meter's figures.
        meter: Name of its meter.
        metered: All that the meter saw.
        active: What calls used, ingestion included.
        idle: Load that no call claimed.
        constant: What does not follow the load.
        unexplained: What the meter reported beyond the program's CPU time.
        pending: What was not yet split when its last query was kept.
        ingest: What embedding documents used.
        faults: Number of readings that were refused.
    """

    kind: str
    meter: str
    metered: float
    active: float
    idle: float
    constant: float
    unexplained: float
    pending: float
    ingest: float
    faults: float = 0


class Kept(NamedTuple):
    """What a run database has.

    Attributes:
        turns: The queries, oldest first.
        processes: The accounts of all processes, by id.
        notes: Which queries are left out, and why.
    """

    turns: list[Turn]
    processes: dict[str, Process]
    notes: list[str]


def load(runs: "Runs", since: float = 0.0) -> Kept:
    """Return the queries kept since a time, and the accounts of all processes.

    A query of which account lines were lost, so that nobody knows its cost, is left out; so is one whose
    record cannot be true, if others can.

    Raises:
        RunsError: The database cannot be read, no record of a query in it can be true, or one of a process
            cannot.
    """
    try:
        records, processes = runs.turns(since=since), runs.processes()
    except (ValueError, TypeError) as error:
        raise _damaged(runs, "a record", f"it is no JSON object ({error})") from error
    found, lost, damaged = list[Turn](), list[str](), list[str]()
    for record in records:
        name = str(record.get("id"))[:60]
        try:
            turn = read_turn(record)
        except _BROKEN as error:
            damaged.append(f"{name!r} ({_why(error)})")
            continue
        if turn.is_known:
            found.append(turn)
        else:
            lost.append(repr(name))
    if damaged and len(damaged) == len(records):
        raise _damaged(runs, "every query", f"first {damaged[0]}")
    notes: Sequence[str] = [
        *left_out(runs.path.name, damaged, len(records), "queries", "are damaged"),
        *left_out(
            runs.path.name, lost, len(records), "queries",
            "have lost lines of their account, so that nobody knows what they cost",
        ),
    ]  # fmt: skip
    accounts: dict[str, Process] = {}
    for name, process in processes.items():
        try:
            accounts[name] = read_process(process)
        except _BROKEN as error:
            raise _damaged(runs, f"process {name[:60]!r}", _why(error)) from error
    return Kept(found, accounts, list(notes))


def read_process(record: Mapping[str, Any]) -> Process:
    """Return the accounts of a process's record; raises as :func:`.turns.read_turn`."""
    if record["kind"] not in KINDS:
        raise ValueError(f"kind is {record['kind']!r}")
    if not isinstance(record["meter"], str):
        raise TypeError(f"meter is {record['meter']!r}")
    names = [field.name for field in fields(Process) if field.type is float]
    joules = {name: amount(record.get(name, 0) if name == "faults" else record[name], name) for name in names}
    return Process(record["kind"], record["meter"], **joules)


def _why(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)[:200]


def _damaged(runs: "Runs", what: str, why: str) -> RunsError:
    return RunsError(
        f"{runs.path}: {what} is damaged ({why}), so no figure of this database can be trusted; "
        "move the file away to begin anew, or restore it from a copy"
    )
