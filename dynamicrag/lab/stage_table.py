"""From a table of whole paths to a table of the options of one stage."""

from collections.abc import Mapping
from dataclasses import replace

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.outcomes.table import OutcomeTable, Row
from dynamicrag.topology import TOPOLOGY


def at_stage(
    table: OutcomeTable, stage: str, at: Mapping[str, str] | None = None, least: int = 2
) -> OutcomeTable:
    """Return the table of a stage's options, with all other stages equal.

    A table without paths is returned as it is: its options are those of the stage.

    Args:
        table: A table of paths.
        stage: The stage.
        at: Options of other stages; by default those with which most options of ``stage`` were recorded.
        least: Smallest number of options.

    Raises:
        InputError: The stage is unknown, or fewer of its options were recorded.
    """
    if stage not in TOPOLOGY:
        raise InputError(unknown(table.name, "stage", stage, TOPOLOGY))
    if not table.paths:
        return table
    chosen = _candidates(table, stage, at or {})
    if len(chosen) < least:
        few = "fewer than two options" if least > 1 else "no options"
        paths = "; ".join(", ".join(f"{k}={v}" for k, v in path.items()) for path in table.paths.values())
        raise InputError(
            f"{table.name}: {few} of {stage!r} were recorded with all else equal; "
            f"record more of them, or give another --at. Recorded: {paths}"
        )
    names = {option: name for name, option in chosen.items()}

    def renamed(row: Row) -> Row:
        return replace(row, outcomes={names[o]: row.outcomes[o] for o in names if o in row.outcomes})

    rows = [row for row in map(renamed, table.rows) if row.outcomes]
    return OutcomeTable(rows, [names[o] for o in table.options if o in names], table.name)


def _candidates(table: OutcomeTable, stage: str, at: Mapping[str, str]) -> dict[str, str]:
    """Return the path by option of the stage, at the setting of other stages with the most options."""
    best: dict[str, str] = {}
    for around in table.paths.values():
        setting = {**{s: o for s, o in around.items() if s != stage}, **at}
        found: dict[str, str] = {}
        for name in table.options:
            path = table.paths.get(name)
            if path and path.get(stage) is not None and _agree(path, setting, stage):
                found.setdefault(path[stage], name)
        if len(found) > len(best):
            best = found
    return best


def _agree(path: Mapping[str, str], setting: Mapping[str, str], stage: str) -> bool:
    """Return whether a path agrees with a setting at the other stages that it has."""
    passed = TOPOLOGY.passed(path)
    if stage in passed:
        return False
    return all(path.get(s) == o for s, o in setting.items() if s not in passed and s != stage)
