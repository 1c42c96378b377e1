"""The table of cost dimensions, and its rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dynamicrag.cost.bounds import Bounds
from dynamicrag.errors import PolicyError, unknown


@dataclass(frozen=True, slots=True)
class Coefficient:
    """The ratio between a derived dimension and its source.

    Attributes:
        key: Name in profiles and policies, for example ``gco2e_per_kwh``.
        per: Amount of the source, in the source's own unit, that the coefficient refers to.
        default: Value if neither the model's profile nor the host sets one.
        most: Largest plausible value.
        of_region: Function from an ISO 3166-1 alpha-3 country code and its place in the user's file to the
            coefficient, if it depends on the region; raises :class:`~dynamicrag.errors.PolicyError`.
    """

    key: str
    per: float
    default: Bounds
    most: float
    of_region: Callable[[str, str], float] | None = None


@dataclass(frozen=True, slots=True)
class DimensionRow:
    """One cost dimension.

    Attributes:
        name: Name in policies and JSON.
        title: Name in tables and pages.
        unit: Symbol of the unit that all amounts are stored in; ``""`` for a count.
        scales: Other units for large and small amounts, as ``(factor, symbol)``.
        noun: Word after the unit if no heading has it: ``mg CO₂e``.
        prefix: Symbol before the number, for example ``$``.
        hard: Whether a call's maximum is known before the call, so that a limit is never exceeded. Soft
            amounts are estimates until they are metered.
        summary: Whether one-line costs show it.
        follows: The dimension that it is derived from.
        coefficient: The coefficient of the derivation.
    """

    name: str
    title: str
    unit: str = ""
    scales: tuple[tuple[float, str], ...] = ()
    noun: str = ""
    prefix: str = ""
    hard: bool = False
    summary: bool = False
    follows: str | None = None
    coefficient: Coefficient | None = None

    @property
    def steps(self) -> tuple[tuple[float, str], ...]:
        """All units as ``(factor, symbol)``, largest first."""
        return tuple(sorted((*self.scales, (1.0, self.unit)), reverse=True))


class Dimensions(Mapping[str, DimensionRow]):
    """The table of dimensions, by name. A derived dimension comes after its source.

    Args:
        rows: The rows, in the order of listed costs.

    Attributes:
        zeros: Every dimension at 0.0; a template for sums.
        derived: The derived rows, each with its coefficient.
    """

    def __init__(self, rows: Iterable[DimensionRow] = ()) -> None:
        self._rows: dict[str, DimensionRow] = {}
        self.zeros: dict[str, float] = {}
        self.derived: tuple[tuple[DimensionRow, Coefficient], ...] = ()
        for row in rows:
            self._add(row)

    def __getitem__(self, name: str) -> DimensionRow:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def register(self, row: DimensionRow) -> None:
        """Add a derived dimension; best at import, before policies are loaded.

        Costs that were summed before count as zero in the new dimension. Registering the same row again
        changes nothing, so a notebook cell can be run twice.

        Raises:
            PolicyError: The name or the key is taken or invalid, the source does not exist, the row lacks its
                source or its coefficient, or it is hard although its source is soft.
        """
        where = f"dimension {row.name!r}"
        if self._rows.get(row.name) == row:
            return
        if row.name in self._rows:
            raise PolicyError(f"{where}: is registered already; choose another name")
        for what, name in (("name", row.name), ("coefficient", getattr(row.coefficient, "key", "key"))):
            if not isinstance(name, str) or not name.isidentifier():
                raise PolicyError(
                    f"{where}: {what} {name!r} is not a valid name; use letters, digits and underscores"
                )
        if row.follows is None or row.coefficient is None:
            raise PolicyError(
                f"{where}: lacks 'follows' or 'coefficient'; a new dimension is derived from one of "
                f"{', '.join(self._rows)}"
            )
        if row.follows not in self._rows:
            raise PolicyError(unknown(f"{where}.follows", "dimension", row.follows, self._rows))
        if row.coefficient.key in self.coefficients:
            raise PolicyError(f"{where}: the coefficient {row.coefficient.key!r} is another dimension's")
        if row.hard and not self._rows[row.follows].hard:
            raise PolicyError(f"{where}: cannot be hard, because {row.follows} is soft; remove 'hard'")
        self._add(row)

    def _add(self, row: DimensionRow) -> None:
        # new objects: a thread that is counting sees the old table or the new one, never a mixture
        self._rows = {**self._rows, row.name: row}
        self.zeros = dict.fromkeys(self._rows, 0.0)
        if row.coefficient is not None:
            self.derived = (*self.derived, (row, row.coefficient))

    @property
    def coefficients(self) -> dict[str, Coefficient]:
        """The coefficients of all derived dimensions, by key."""
        return {coefficient.key: coefficient for _, coefficient in self.derived}

    def source(self, name: str) -> str:
        """Return the dimension that ``name`` is ultimately derived from; itself if it is not derived."""
        follows = self._rows[name].follows
        return name if follows is None else self.source(follows)
