"""The quantities that a query costs: energy and what follows from it, money, tokens and time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from dynamicrag.cost.dimension_table import DimensionRow
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.report.turns import Turn
from dynamicrag.records import Figure


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something a query costs.

    Attributes:
        name: Its key.
        unit: The cost dimension that it is counted in.
        title: Its name in tables.
        of: Reads it off a query; ``None`` where the query has none.
    """

    name: str
    unit: str
    title: str
    of: Callable[[Turn], Figure | None]


def quantities() -> Mapping[str, Quantity]:
    """Return the costs of a query, by name: energy and what follows from it, all else, and the clock.

    Energy and what follows from it stand in both scopes, as ``NAME`` and ``NAME_full``. The seconds of
    calls are not among them: people wait for the answer, not for the sum of calls.
    """
    return _quantities(tuple(DIMENSIONS.values()))


@cache
def _quantities(rows: tuple[DimensionRow, ...]) -> Mapping[str, Quantity]:
    energy, others = list[Quantity](), list[Quantity]()
    for row in rows:
        source = DIMENSIONS.source(row.name)
        if source == "joules":
            energy.append(Quantity(row.name, row.name, f"{row.title}, active", _active(row.name)))
            energy.append(Quantity(f"{row.name}_full", row.name, f"{row.title}, full", _full(row.name)))
        elif source != "seconds":
            others.append(Quantity(row.name, row.name, row.title, _active(row.name)))
    clocks = (
        Quantity("wall_seconds", "seconds", "time to answer", lambda turn: _measured(turn.wall_seconds)),
        Quantity(
            "first_token_seconds", "seconds", "time to first token",
            lambda turn: _measured(turn.first_token_seconds),
        ),
    )  # fmt: skip
    return {quantity.name: quantity for quantity in (*energy, *others, *clocks)}


def _active(dimension: str) -> Callable[[Turn], Figure | None]:
    return lambda turn: turn.cost.get(dimension)


def _full(dimension: str) -> Callable[[Turn], Figure | None]:
    return lambda turn: turn.full.get(dimension)


def _measured(seconds: float | None) -> Figure | None:
    return None if seconds is None else Figure(value=seconds, kind="measured")
