"""The cost vector: money, seconds, joules and carbon, each with its provenance."""

from collections.abc import Mapping
from typing import Literal

from dynamicrag.types import Figure

Dimension = Literal["usd", "seconds", "joules", "gco2e"]
DIMENSIONS: tuple[Dimension, ...] = ("usd", "seconds", "joules", "gco2e")

Kind = Literal["measured", "calibrated", "modelled", "estimated"]
KINDS: tuple[Kind, ...] = ("measured", "calibrated", "modelled", "estimated")
"""Provenance, most certain first."""

Scope = Literal["active", "full"]
"""Boundary of joules and carbon: ``active`` is what the work added, ``full`` has its share of the
machine's constant part too. Figures of different scope cannot be added."""


class Cost:
    """An immutable vector over dimensions, whose parts keep their provenance apart when summed.

    Args:
        parts: Amount per ``(dimension, kind)``.
        scope: Boundary of the joules and the carbon.
    """

    __slots__ = ("_parts", "scope")

    def __init__(
        self, parts: Mapping[tuple[Dimension, Kind], float] | None = None, scope: Scope = "active"
    ) -> None:
        self._parts = dict(parts or {})
        self.scope = scope

    def __add__(self, other: "Cost") -> "Cost":
        if self.scope != other.scope:
            raise ValueError(f"cannot add {self.scope} and {other.scope} costs: their boundaries differ")
        parts = dict(self._parts)
        for key, value in other._parts.items():
            parts[key] = parts.get(key, 0.0) + value
        return Cost(parts, self.scope)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cost) and (self._parts, self.scope) == (other._parts, other.scope)

    def __hash__(self) -> int:
        return hash((frozenset(self._parts.items()), self.scope))

    def __repr__(self) -> str:
        return f"Cost({self._parts!r}, scope={self.scope!r})"

    def __getitem__(self, dimension: Dimension) -> float:
        return sum(value for (of, _), value in self._parts.items() if of == dimension)

    def kind(self, dimension: Dimension) -> Kind:
        """Return the least certain provenance among the parts of ``dimension``.

        A dimension without any part is a true zero and counts as measured.
        """
        kinds = [kind for (of, kind), value in self._parts.items() if of == dimension and value]
        return max(kinds, key=KINDS.index, default="measured")

    def weighted(self, weights: Mapping[Dimension, float]) -> float:
        """Return the sum of ``weight * amount``: this cost in units of quality."""
        return sum(weight * self[dimension] for dimension, weight in weights.items())

    def figures(self) -> dict[str, Figure]:
        """Return every dimension as ``{"value": ..., "kind": ...}``."""
        return {d: Figure(value=self[d], kind=self.kind(d)) for d in DIMENSIONS}
