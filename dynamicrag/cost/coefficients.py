"""Coefficients of derived dimensions from YAML: each one number, or low, mid and high."""

from collections.abc import Iterable, Mapping
from typing import Any

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.known import known
from dynamicrag.cost.rates import check
from dynamicrag.errors import PolicyError

_BOUNDS = ("low", "mid", "high")


def read_coefficients(found: Mapping[str, Any], where: str) -> dict[str, Bounds | None]:
    """Return the coefficients in a mapping, by key; ``None`` means that the host's coefficient applies.

    A ``region`` in the mapping sets the coefficients that depend on the region, unless they are given too.

    Raises:
        PolicyError: An implausible value or an unknown region; ``where`` is the place of the mapping.
    """
    own: dict[str, Bounds | None] = {key: None for key in DIMENSIONS.coefficients if key in found}
    if "region" in found:
        region, grid = found["region"], [key for key in DIMENSIONS.coefficients if depends_on_region([key])]
        own |= dict.fromkeys(grid) if region is None else in_country(str(region), f"{where}.region")
    for key, coefficient in DIMENSIONS.coefficients.items():
        if found.get(key) is not None:
            own[key] = _bounds(found[key], f"{where}.{key}", coefficient.most)
    return own


def in_country(country: str, where: str) -> dict[str, Bounds]:
    """Return the coefficients that depend on the region, by key.

    Args:
        country: ISO 3166-1 alpha-3 code.
        where: Place in the user's file, for errors.

    Raises:
        PolicyError: Unknown country.
    """
    return {
        key: Bounds(coefficient.of_region(country, where))
        for key, coefficient in DIMENSIONS.coefficients.items()
        if coefficient.of_region is not None
    }


def depends_on_region(keys: Iterable[str]) -> bool:
    """Return whether any of these coefficients depends on the region."""
    return any(DIMENSIONS.coefficients[key].of_region is not None for key in keys)


def over(base: Mapping[str, Bounds], own: Mapping[str, Bounds | None]) -> dict[str, Bounds]:
    """Return ``base`` updated by ``own``; ``None`` removes a coefficient, so that the host's applies."""
    return {key: bounds for key, bounds in {**base, **own}.items() if bounds is not None}


def _bounds(data: object, where: str, most: float) -> Bounds:
    given: dict[str, Any] = dict.fromkeys(_BOUNDS, data)
    several = isinstance(data, Mapping)
    if several:
        given = known(data, where, _BOUNDS, _BOUNDS, "; give one number, or low, mid and high")
    for name, value in given.items():
        try:
            check(f"{where}.{name}" if several else where, value, 0, most)
        except ValueError as error:
            raise PolicyError(str(error)) from None
    try:
        return Bounds(**given)
    except ValueError as error:
        raise PolicyError(f"{where}: {error}") from None
