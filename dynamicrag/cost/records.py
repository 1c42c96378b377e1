"""Converts lines of an account to JSON and back, for a graph's state and for other processes."""

import math
from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any, cast

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.line import Line
from dynamicrag.cost.profiles import IN_PROCESS
from dynamicrag.cost.vector import UNKNOWN, Cost, Dimension, Kind, Scope
from dynamicrag.records import AccountLine, Figure
from dynamicrag.types import Usage

_USAGE = [field.name for field in fields(Usage) if field.name != "first_token_seconds"]
_values = attrgetter(*_USAGE)
_TINY = 1e-300
"""Amount of a lost line: a non-zero part makes the sum unknown."""


def record_of(line: Line, cost: Cost, kind: Kind) -> AccountLine:
    """Return a line that has ended as JSON, with its cost as known by now.

    ``kind`` is the provenance of the meter's joules.
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
    if line.unmetered:
        record["unmetered"] = line.unmetered
    if line.overhead:
        record["overhead"] = [line.overhead, line.overhead_kind or kind]
    return record


def _cost_of(record: AccountLine) -> Cost:
    """Return the cost of a line, which a process with other dimensions may have written.

    A dimension that is unknown here is left out. A dimension known only here is ``unknown``, unless it is not
    derived from another.
    """
    parts = {(name, kind): float(amount) for name, kind, amount in record["cost"] if name in DIMENSIONS}
    there = {name for name, _ in parts}
    for name, row in DIMENSIONS.items():
        if name not in there and row.follows in there:
            parts[name, UNKNOWN] = _TINY
    spreads = record.get("spread", {}).items()
    return Cost(
        parts, spread={name: (below, above) for name, (below, above) in spreads if name in DIMENSIONS}
    )


def cost_of(figures: Mapping[str, Figure], scope: Scope) -> Cost:
    """Return the cost from its :meth:`.Cost.figures`, in the dimensions known here."""
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
    """Return the line of a record, with nothing left open.

    Its times are unknown here, because every process has its own clock.
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
        unmetered=record.get("unmetered", ""),
    )


def lost(query_id: str, number: int) -> Line:
    """Return a line with unknown costs that represents a number of missing lines of another process."""
    cost = Cost({(dimension, UNKNOWN): _TINY for dimension in DIMENSIONS})
    label = f"{number} lost line{'' if number == 1 else 's'}"
    line = Line(query_id, "elsewhere", label, IN_PROCESS, math.nan, end=math.nan, closed=True, brought=cost)
    line.id = f"lost-{query_id}-{number}"
    return line
