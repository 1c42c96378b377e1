"""Reads profiles from YAML; every mistake is an error with its place and the valid values."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import inf
from typing import Any, TypeVar

from dynamicrag.cost.assume import Provider, SizeClass, provider_of
from dynamicrag.cost.coefficients import depends_on_region, over, read_coefficients
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.known import known
from dynamicrag.cost.rates import Host, Profile, Range, Rate
from dynamicrag.errors import PolicyError, unknown

RATES = ("usd", "seconds", "cpu_seconds")
_OPEN = (*RATES, "joules", "pue", "region", "prices", "source")
"""Keys of a profile that a policy may override, besides coefficients."""

_LISTED = ("runs", "active_billions", "size_class", "context")
_CLASS = ("up_to", "joules", "seconds", "source")

Made = TypeVar("Made", Rate, Host, Provider)


def made(kind: type[Made], data: object, where: str) -> Made:
    """Return an object with the fields of a mapping."""
    try:
        return kind(**known(data, where, [part.name for part in fields(kind)]))
    except ValueError as error:
        raise PolicyError(f"{where}.{error}") from None


def values(data: object, where: str, more: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of a profile from YAML.

    Args:
        data: Coefficients that a policy may override, by name.
        where: Place in the user's file, for errors.
        more: Further keys that are valid.

    Returns:
        The given fields. ``coefficients`` has those of derived dimensions, by key; ``None`` means that the
        host's applies.
    """
    found = known(data, where, [*_OPEN, *DIMENSIONS.coefficients, *more])
    if "usd" in found:
        found["usd"] = _price(found["usd"], f"{where}.usd")
    for key in RATES[1:]:
        if key in found:
            found[key] = made(Rate, found[key], f"{where}.{key}")
    if "joules" in found:
        found["joules"] = _range(found["joules"], f"{where}.joules")
    if own := read_coefficients(found, where):
        found = {key: value for key, value in found.items() if key not in own}
        found["coefficients"] = own
    return found


def with_coefficients(kind: type[Made], data: object, where: str) -> Made:
    """Return an object with the fields of a mapping that has coefficients under their own keys."""
    valid = {part.name for part in fields(kind)} | {*DIMENSIONS.coefficients}
    found = known(data, where, valid - {"coefficients"})
    own = read_coefficients(found, where)
    rest = {key: value for key, value in found.items() if key not in own}
    return made(kind, {**rest, "coefficients": over({}, own)}, where)


def model(
    spec: str,
    data: object,
    where: str,
    classes: Mapping[str, SizeClass],
    providers: Mapping[str, Provider],
) -> Profile:
    """Return a listed model's profile: its own figures, else those of its size class and its provider."""
    own = values(data, where, _LISTED)
    name = own.pop("size_class", None)
    listed = own.pop("coefficients", {})
    if own.get("runs", "remote") == "remote":
        own.setdefault("priced", "usd" in own)
        provider = provider_of(spec, providers)
        if not depends_on_region(listed):
            own.setdefault("region", provider.region)
        own["coefficients"] = over(provider.coefficients, listed)
        own.setdefault("pue", provider.pue)
        own["source"] = joined(own.get("source", ""), provider.source)
    else:
        own["coefficients"] = over({}, listed)
    if name is not None:
        if name not in [*classes]:
            raise PolicyError(unknown(f"{where}.size_class", "size class", name, classes))
        taken = classes[name]
        own.setdefault("joules", taken.joules)
        own.setdefault("seconds", taken.seconds)
        own["source"] = joined(own.get("source", ""), f"{taken}: {taken.source}")
    try:
        return Profile(**own)
    except ValueError as error:
        raise PolicyError(f"{where}.{error}") from None


def size_classes(data: object, where: str) -> tuple[SizeClass, ...]:
    """Return the size classes in the order of the file, smallest first; the last has no upper bound."""
    found: list[SizeClass] = []
    entries = known(data, where)
    for name, entry in entries.items():
        place = f"{where}.{name}"
        own = known(entry, place, _CLASS, _CLASS[1:])
        above, up_to = found[-1].up_to if found else 0.0, own.get("up_to", inf)
        if not isinstance(up_to, int | float) or not up_to > above:
            raise PolicyError(f"{place}.up_to: must be a number over {above:g}, got {up_to!r}")
        joules = _range(own["joules"], f"{place}.joules")
        seconds = made(Rate, own["seconds"], f"{place}.seconds")
        try:
            Profile(joules=joules, seconds=seconds)  # refuses impossible figures
        except ValueError as error:
            raise PolicyError(f"{place}.{error}") from None
        found.append(SizeClass(name, above, float(up_to), joules, seconds, str(own["source"])))
    if not found or found[-1].up_to != inf:
        raise PolicyError(
            f"{where}: the last class must have no 'up_to', because there is always a larger model"
        )
    return tuple(found)


def joined(*parts: str) -> str:
    """Return the non-empty texts in one line."""
    return "; ".join(str(part) for part in parts if part)


def _price(data: object, where: str) -> Rate:
    """Return a price per token; ``0`` is valid. Cached tokens cost the same unless priced."""
    if data == 0 and not isinstance(data, bool):
        return Rate()
    if not isinstance(data, Mapping):
        raise PolicyError(f"{where}: must be a mapping, such as {{input: 1.0e-6, output: 2.0e-6}} in usd per "
                          f"token, or 0 for a free model; got {data!r}")  # fmt: skip
    return made(Rate, {**({"cached": data["input"]} if "input" in data else {}), **data}, where)


def _range(data: object, where: str) -> Range:
    """Return a low, a mid and a high rate; a single rate stands for all three."""
    bounds = [part.name for part in fields(Range)]
    found = known(data, where)
    if not any(bound in found for bound in bounds):
        return Range.same(made(Rate, found, where))
    known(found, where, bounds, bounds, "; give one rate, or low, mid and high")
    try:
        return Range(*(made(Rate, found[bound], f"{where}.{bound}") for bound in bounds))
    except ValueError as error:
        raise PolicyError(f"{where}.{error}") from None
