"""The cost vector: an amount per dimension, each with its provenance."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import unknown
from dynamicrag.records import Figure

Dimension = str
"""The name of a row in :data:`~dynamicrag.cost.dimensions.DIMENSIONS`."""

Kind = Literal["measured", "calibrated", "modelled", "estimated", "unknown"]
KINDS: tuple[Kind, ...] = get_args(Kind)[:-1]
"""Provenance of known amounts, most certain first."""

UNKNOWN: Literal["unknown"] = "unknown"
"""Kind of an amount that is not known, for example the price of an unlisted model. Its amount is a stand-in
to compare options, and is never shown.
"""

Scope = Literal["active", "full"]
"""Boundary of joules and the dimensions derived from them: ``active`` is the energy added by the work,
``full`` includes its share of the machine's constant part and of its idling. Different scopes cannot be
added.
"""


class Cost:
    """An immutable vector over dimensions, whose parts keep their provenance apart when summed.

    Args:
        parts: Amount per ``(dimension, kind)``.
        scope: Boundary of the joules and of the dimensions derived from them.
        spread: Uncertainty of a dimension below and above its amount, where known.

    Raises:
        ValueError: Unknown dimension.
    """

    __slots__ = ("_parts", "_spread", "_totals", "scope")

    def __init__(
        self,
        parts: Mapping[tuple[Dimension, Kind], float] | None = None,
        scope: Scope = "active",
        spread: Mapping[Dimension, tuple[float, float]] | None = None,
    ) -> None:
        self._parts = dict(parts or {})
        self._spread = dict(spread or {})
        self._totals: dict[Dimension, float] = DIMENSIONS.zeros.copy()
        try:
            for (dimension, _), value in self._parts.items():
                self._totals[dimension] += value
        except KeyError as error:
            raise ValueError(unknown("cost", "dimension", error.args[0], DIMENSIONS)) from None
        self.scope = scope

    @classmethod
    def total(cls, costs: "Iterable[Cost]", scope: Scope = "active") -> "Cost":
        """Return the sum of ``costs``, all of the same ``scope``.

        Raises:
            ValueError: A cost has another scope.
        """
        parts: dict[tuple[Dimension, Kind], float] = {}
        spread: dict[Dimension, tuple[float, float]] = {}
        for cost in costs:
            if cost.scope != scope:
                raise ValueError(f"cannot add {scope} and {cost.scope} costs: their boundaries differ")
            for key, value in cost._parts.items():
                parts[key] = parts.get(key, 0.0) + value
            for dimension, (below, above) in cost._spread.items():
                # errors of estimates add up: they share their coefficients
                had = spread.get(dimension, (0.0, 0.0))
                spread[dimension] = had[0] + below, had[1] + above
        return cls(parts, scope, spread)

    def parts(self) -> list[list[Any]]:
        """Return every part as ``[dimension, kind, amount]``, including stand-ins for unknown amounts."""
        return [[dimension, kind, value] for (dimension, kind), value in self._parts.items()]

    def spread(self) -> dict[str, list[float]]:
        """Return the uncertainty of each dimension below and above its amount, where known."""
        return {dimension: [below, above] for dimension, (below, above) in self._spread.items()}

    def __add__(self, other: "Cost") -> "Cost":
        return Cost.total((self, other), self.scope)

    def times(self, factor: float) -> "Cost":
        """Return this cost multiplied by ``factor``."""
        parts = {key: factor * value for key, value in self._parts.items()}
        spread = {d: (factor * below, factor * above) for d, (below, above) in self._spread.items()}
        return Cost(parts, self.scope, spread)

    def with_overhead(self, overhead: "Cost") -> "Cost":
        """Return the *full* cost: this *active* cost plus its share of the overhead."""
        parts = dict(self._parts)
        for key, value in overhead._parts.items():
            parts[key] = parts.get(key, 0.0) + value
        return Cost(parts, "full", self._spread)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cost) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self.scope, frozenset(self._parts.items()), frozenset(self._spread.items())

    def __repr__(self) -> str:
        return f"Cost({self._parts!r}, scope={self.scope!r}, spread={self._spread!r})"

    def __getitem__(self, dimension: Dimension) -> float:
        try:
            return self._totals[dimension]
        except KeyError:
            if dimension in DIMENSIONS:  # false if registered after this cost was made
                return 0.0
            raise KeyError(unknown("cost", "dimension", dimension, DIMENSIONS)) from None

    def kinds(self, dimension: Dimension) -> dict[Kind, float]:
        """Return the known parts of ``dimension`` by provenance, most certain first."""
        return {kind: self._parts[dimension, kind] for kind in KINDS if self._parts.get((dimension, kind))}

    def known(self, dimension: Dimension) -> float | None:
        """Return the amount of ``dimension``, or ``None`` if a part of it is unknown."""
        return None if self._parts.get((dimension, UNKNOWN)) else self[dimension]

    def kind(self, dimension: Dimension) -> Kind:
        """Return the least certain provenance among the parts of ``dimension``.

        A dimension without any part is a true zero and counts as measured.
        """
        if self._parts.get((dimension, UNKNOWN)):
            return UNKNOWN
        return max(self.kinds(dimension), key=KINDS.index, default="measured")

    def bounds(self, dimension: Dimension) -> tuple[float, float]:
        """Return the low and the high estimate of ``dimension``; its value if none are known."""
        value, (below, above) = self[dimension], self._spread.get(dimension, (0.0, 0.0))
        return value - below, value + above

    def weighted(self, weights: Mapping[Dimension, float]) -> float:
        """Return the sum of ``weight * amount``: this cost in units of quality."""
        return sum(weight * self[dimension] for dimension, weight in weights.items())

    def figures(self) -> dict[str, Figure]:
        """Return every dimension as ``{"value": ..., "kind": ...}``.

        ``parts`` (amount by kind) is added if there are several kinds, and ``low`` and ``high`` if bounds are
        known. If a part is unknown, the value is ``None``, and ``parts`` has the known amounts.
        """
        # without parts, a true zero
        figures: dict[str, Figure] = {
            dimension: {"value": value, "kind": "measured"} for dimension, value in self.amounts().items()
        }
        seen: set[Dimension] = set()
        for (dimension, kind), value in self._parts.items():
            if value:
                figures[dimension]["kind"] = kind
                if dimension in seen:
                    found = self.kinds(dimension)
                    figures[dimension]["kind"] = [*found][-1]
                    figures[dimension]["parts"] = {str(kind): part for kind, part in found.items()}
                seen.add(dimension)
        for dimension in self._spread:
            figures[dimension]["low"], figures[dimension]["high"] = self.bounds(dimension)
        for dimension, figure in figures.items():
            if figure["value"] is None:
                figures[dimension] = {"value": None, "kind": UNKNOWN}
                if found := self.kinds(dimension):
                    figures[dimension]["parts"] = {str(kind): part for kind, part in found.items()}
        return figures

    def amounts(self) -> dict[str, float | None]:
        """Return the amount of every dimension, of any provenance; ``None`` where it is unknown."""
        # the zeros are for dimensions registered after this cost was made
        amounts: dict[str, float | None] = {**DIMENSIONS.zeros, **self._totals}
        for (dimension, kind), value in self._parts.items():
            if kind == UNKNOWN and value:
                amounts[dimension] = None
        return amounts
