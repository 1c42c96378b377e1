"""Caveats of tables for training and judging."""

from collections import Counter
from collections.abc import Mapping

from dynamicrag.errors import InputError
from dynamicrag.lab.left_out import left_out
from dynamicrag.lab.outcomes.table import OutcomeTable


def usable(table: OutcomeTable) -> tuple[OutcomeTable, list[str]]:
    """Return the table without options that never answered, and caveats on the others.

    A run that failed is in a table as it was recorded: wrong, at its cost. An option that failed every
    time would look like the cheapest there is.

    Raises:
        InputError: No option ever answered.
    """
    runs = Counter(name for row in table.rows for name in row.outcomes)
    failed = Counter(name for row in table.rows for name, o in row.outcomes.items() if o.error)
    dead = [name for name in table.options if runs[name] and failed[name] == runs[name]]
    if len(dead) == len(table.options):
        raise InputError(f"{table.name}: no option ever answered; record it again with --retry")
    total = len(table) + len(table.left_out)
    notes = left_out(table.name, table.left_out, total, "rows", "have no results")
    for name in table.options:
        if failed[name]:
            failures = f"{table.name}: {name} failed on {failed[name]:,} of {runs[name]:,} queries"
            what = "it is left out" if name in dead else "they count as wrong, at what they cost"
            notes.append(f"{failures}; {what}; record --retry runs them again")
    notes += [
        f"{table.name}: its questions were recorded with {len(values)} versions of {what}"
        for what, values in _origins(table).items()
        if len(values) > 1
    ]
    return (table.only([name for name in table.options if name not in dead]) if dead else table), notes


def strangers(train: OutcomeTable, test: OutcomeTable) -> list[str]:
    """Return the caveats of two tables that were not recorded with the same setup."""
    first, second = _origins(train), _origins(test)
    return [
        f"{test.name} was recorded with another version of {what} than {train.name}"
        for what in first.keys() & second.keys()
        if not first[what] & second[what]
    ]


def _origins(table: OutcomeTable) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in table.rows:
        for what, digest in row.origin.items():
            found.setdefault(what, set()).add(digest)
    return dict(sorted(found.items()))
