"""Tables of whole paths: several in one, names that are split into stages, and what cannot be learnt from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.outcomes.file import LABELS, read_table
from dynamicrag.lab.outcomes.table import OutcomeTable, Row
from dynamicrag.routers.paths import mends
from dynamicrag.topology import TOPOLOGY

LEAST_ROWS = 20
"""Fewer questions than this teach nothing that is worth routing by."""


def read_tables(
    files: Sequence[Path], stages: Sequence[str] = (), labels: Sequence[str] = LABELS
) -> OutcomeTable:
    """Read tables of whole paths into one; equal paths have the first table's name.

    Args:
        files: The tables.
        stages: Names of the parts of an option's name, ``retrieval/generator`` of ``none/small``, where a
            table gives no paths.
        labels: Names of the two options of a file of labels, in the labels' order.

    Raises:
        InputError: A table cannot be read, or cannot be put together with the others.
    """
    read = [read_table(file, labels) for file in files]
    tables = [factored(table, stages) for table in read] if stages else read
    names: dict[tuple[tuple[str, str], ...], str] = {}
    for table in tables:
        for name, path in table.paths.items():
            names.setdefault(tuple(path.items()), name)
    if len(set(names.values())) < len(names):
        twice = next(name for name in names.values() if [*names.values()].count(name) > 1)
        raise InputError(
            f"{', '.join(table.name for table in tables)}: {twice!r} names different paths in different "
            "tables; record them with the same policy and the same stages varied"
        )
    merged = reduce(OutcomeTable.merge, [_renamed(table, names) for table in tables])
    return OutcomeTable(
        merged.rows, merged.options, " + ".join(table.name for table in tables), merged.left_out
    )


def factored(table: OutcomeTable, stages: Sequence[str]) -> OutcomeTable:
    """Return a table whose options have paths, from their names.

    Raises:
        InputError: A stage that does not exist, or a name with another number of parts.
    """
    for stage in stages:
        if stage not in TOPOLOGY:
            raise InputError(unknown("--stages", "stage", stage, TOPOLOGY))
    paths = {name: dict(zip(stages, name.split("/"), strict=False)) for name in table.options}
    for name in table.options:
        if name.count("/") != len(stages) - 1:
            raise InputError(
                f"{table.name}: option {name!r} has not the {len(stages)} parts of {'/'.join(stages)}"
            )

    def given(row: Row) -> Row:
        return replace(
            row, outcomes={n: replace(o, path=o.path or paths[n]) for n, o in row.outcomes.items()}
        )

    return OutcomeTable(map(given, table.rows), table.options, table.name, table.left_out)


def unmended(table: OutcomeTable) -> tuple[OutcomeTable, list[str]]:
    """Return the table without paths that mend their drafts, and a note where there were any."""
    mended = [name for name in table.options if mends(table.paths.get(name, {}))]
    if not mended:
        return table, []
    note = (
        f"{', '.join(mended)}: left out; whether to mend a draft is learnt by 'dynamicrag train escalation'"
    )
    return table.only([name for name in table.options if name not in mended]), [note]


def check_paths(table: OutcomeTable, least: int = LEAST_ROWS) -> Mapping[str, Mapping[str, str]]:
    """Return the paths of a table that can be learnt from, in the order of its options.

    Raises:
        InputError: An option has no path, there is one path only, or there are too few questions.
    """
    lacking = [name for name in table.options if name not in table.paths]
    if lacking:
        raise InputError(
            f"{table.name}: {', '.join(lacking[:5])}: no path is given of these options, so it is not known "
            "which stages they decide; record a table ('dynamicrag record'), or say what their names' parts "
            "are with --stages retrieval,generator"
        )
    if len(table.options) < 2:
        raise InputError(
            f"{table.name}: a single path, {table.options[0]!r}: nothing to decide; record more, as "
            "'dynamicrag record … --grid generator=small,large'"
        )
    if len(table) < least:
        raise InputError(
            f"{table.name}: {len(table)} questions; at least {least} are needed to learn from. "
            "Record more, and keep the rule or a fixed option until then"
        )
    return {name: table.paths[name] for name in table.options}


def _renamed(table: OutcomeTable, names: Mapping[tuple[tuple[str, str], ...], str]) -> OutcomeTable:
    own = {name: names[tuple(path.items())] for name, path in table.paths.items()}
    rows = [
        replace(row, outcomes={own.get(name, name): o for name, o in row.outcomes.items()})
        for row in table.rows
    ]
    return OutcomeTable(rows, [own.get(name, name) for name in table.options], table.name, table.left_out)
