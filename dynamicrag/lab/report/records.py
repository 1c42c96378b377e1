"""The queries and the accounts of processes in a run database; damaged queries are left out and named."""

from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from dynamicrag.cost.vector import Kind
from dynamicrag.errors import RunsError
from dynamicrag.lab.left_out import left_out
from dynamicrag.lab.report.turns import Amount, Kept, Turn

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs


class Process(Kept):
    """The accounts of a process, in joules.

    Attributes:
        kind: Provenance of its meter's figures.
        meter: Name of its meter.
        metered: The meter's total.
        active: Energy of calls, ingestion and first calls included.
        idle: Load that no call claimed.
        constant: Energy that does not follow the load.
        unexplained: Energy that the meter reported beyond the program's CPU time.
        pending: Energy not yet split when its last query was kept.
        ingest: Energy of embedding documents.
        warm: Energy of models' first calls, before any query.
        faults: Number of readings that were refused.
    """

    kind: Kind
    meter: str
    metered: Amount
    active: Amount
    idle: Amount
    constant: Amount
    unexplained: Amount
    pending: Amount
    ingest: Amount
    warm: Amount = 0.0
    faults: Amount = 0.0


class Loaded(NamedTuple):
    """The content of a run database.

    Attributes:
        turns: The queries, oldest first.
        processes: The accounts of all processes, by id.
        notes: The excluded queries, and the reasons.
    """

    turns: list[Turn]
    processes: dict[str, Process]
    notes: list[str]


def load(runs: "Runs", since: float = 0.0) -> Loaded:
    """Return the queries kept since a time, and the accounts of all processes.

    A query whose account lines were lost has no known cost and is left out. So is a query with an impossible
    record, if others are valid.

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
        name = repr(str(record.get("id"))[:60])
        try:
            turn = Turn.model_validate(record)
        except ValidationError as error:
            damaged.append(f"{name} ({_why(error)})")
            continue
        if turn.is_known:
            found.append(turn)
        else:
            lost.append(name)
    if damaged and len(damaged) == len(records):
        raise _damaged(runs, "every query", f"first {damaged[0]}")
    accounts: dict[str, Process] = {}
    for name, process in processes.items():
        try:
            accounts[name] = Process.model_validate(process)
        except ValidationError as error:
            raise _damaged(runs, f"process {name[:60]!r}", _why(error)) from error
    file, what = runs.database.label, "queries"
    notes = left_out(file, damaged, len(records), what, "are damaged")
    why = "have lost lines of their account, so that nobody knows what they cost"
    return Loaded(found, accounts, notes + left_out(file, lost, len(records), what, why))


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    text = f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
    return text if first["type"] in ("missing", "value_error") else f"{text}, not {first['input']!r}"[:200]


def _damaged(runs: "Runs", what: str, why: str) -> RunsError:
    return RunsError(
        f"{runs.database.name}: {what} is damaged ({why}), so no figure of this database can be trusted; "
        "move the file away to start again, or restore it from a copy"
    )
