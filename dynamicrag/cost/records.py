"""Lines of an account as plain JSON, and back: so they travel in a graph's state, and to other processes."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, cast

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.line import Line
from dynamicrag.cost.profiles import IN_PROCESS
from dynamicrag.cost.vector import UNKNOWN, Cost, Dimension, Kind, Scope
from dynamicrag.types import AccountLine, Figure, Usage

_USAGE = [field.name for field in fields(Usage) if field.name != "first_token_seconds"]
_values = attrgetter(*_USAGE)
_TINY = 1e-300
"""Amount of what is lost: a part of it must be there to make the whole unknown."""


def record_of(line: Line, cost: Cost, kind: Kind) -> AccountLine:
    """Return a line as JSON.

    Args:
        line: The line, which has ended.
        cost: What it cost, as far as that is known by now.
        kind: Provenance of the meter's joules.
    """
    record = AccountLine(
        id=line.id, query=line.query_id, stage=line.stage, label=line.label, cost=cost.parts()
    )
    if spread := cost.spread():
        record["spread"] = spread
    if line.spec:
        record["spec"] = line.spec
    consumed = line.usage
    record["usage"] = {name: value for name, value in zip(_USAGE, _values(consumed), strict=True) if value}
    if consumed.first_token_seconds is not None:
        record["usage"]["first_token_seconds"] = consumed.first_token_seconds
    if line.failed:
        record["failed"] = True
    if line.settled:
        record["settled"] = True
    if line.overhead:
        record["overhead"] = [line.overhead, line.overhead_kind or kind]
    return record


def _cost_of(record: AccountLine) -> Cost:
    """Return the cost of a line that another process may have written, with other dimensions than ours.

    A dimension that is not known here is left out. A dimension that is known here alone is unknown, unless it
    follows from nothing.
    """
    parts = [part for part in record["cost"] if part[0] in DIMENSIONS]
    there = {dimension for dimension, _, _ in parts}
    parts += [
        [name, UNKNOWN, _TINY]
        for name in DIMENSIONS
        if name not in there and DIMENSIONS[name].follows in there
    ]
    spread = {name: ends for name, ends in record.get("spread", {}).items() if name in DIMENSIONS}
    return Cost.of_parts(parts, spread)


def cost_of(figures: Mapping[str, Figure], scope: Scope) -> Cost:
    """Return the cost that :meth:`.Cost.figures` was written from, in the dimensions that are known here."""
    parts: dict[tuple[Dimension, Kind], float] = {}
    spread: dict[Dimension, tuple[float, float]] = {}
    for name, figure in figures.items():
        if name not in DIMENSIONS:
            continue
        value = figure["value"]
        whole = {} if value is None else {figure["kind"]: value}
        for kind, amount in (figure.get("parts") or whole).items():
            parts[name, cast(Kind, kind)] = amount
        if value is None:
            parts[name, UNKNOWN] = _TINY
        elif "low" in figure and "high" in figure:
            spread[name] = value - figure["low"], figure["high"] - value
    return Cost(parts, scope, spread)


def line_of(record: AccountLine) -> Line:
    """Return the line that a record was written from, as this process may keep it: nothing of it is open.

    Its times are not known here, for every process has a clock of its own.
    """
    overhead: list[Any] = record.get("overhead") or [0.0, None]
    return Line(
        record["query"],
        record["stage"],
        record["label"],
        IN_PROCESS,
        math.nan,
        spec=record.get("spec", ""),
        end=math.nan,
        usage=Usage(**record.get("usage", {})),
        failed=record.get("failed", False),
        settled=record.get("settled", False),
        overhead=overhead[0],
        overhead_kind=overhead[1],
        id=record["id"],
        closed=True,
        brought=_cost_of(record),
    )


def lost(query_id: str, number: int, dimensions: Iterable[Dimension] = DIMENSIONS) -> Line:
    """Return the line that stands for calls of another process whose lines are missing: unknown throughout.

    Args:
        query_id: Whose calls they were.
        number: How many lines are missing.
        dimensions: All that a cost has.
    """
    cost = Cost({(dimension, UNKNOWN): _TINY for dimension in dimensions})
    label = f"{number} lost line{'' if number == 1 else 's'}"
    line = Line(query_id, "elsewhere", label, IN_PROCESS, math.nan, end=math.nan, closed=True, brought=cost)
    line.id = f"lost-{query_id}-{number}"
    return line
