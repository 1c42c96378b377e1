"""Coefficients from usage to cost: prices and speeds per model, power per host, derived dimensions.

Profiles are YAML data, each with the source of its numbers; nothing is loaded at import. An unlisted remote
model gets the figures of its size class, and its profile says so.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from dynamicrag.cost.ability import Abilities
from dynamicrag.cost.ability_rows import read_abilities
from dynamicrag.cost.assume import Provider, SizeClass, class_of, provider_of, size_in
from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.coefficients import depends_on_region, in_country, over, read_coefficients
from dynamicrag.cost.dimension_table import DimensionRow
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.known import known
from dynamicrag.cost.parse import joined, model, size_classes, values, with_coefficients
from dynamicrag.cost.rates import IN_PROCESS, Host, Profile, Range, Rate
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.types import Runs

__all__ = [
    "IN_PROCESS",
    "NO_PRICE",
    "Host",
    "Profile",
    "Profiles",
    "Range",
    "Rate",
    "here",
    "load_profiles",
    "most_expensive",
    "override",
    "shipped",
]

NO_PRICE = "no price known: usd is unknown, and options are compared at the highest known price"

EXPENSIVE = Rate(input=1e-5, cached=1e-5, output=1e-4)
"""Stand-in for an unknown price if no model has a known one, in usd per token."""

_UNKNOWN = "unknown model: "
_BY_USER = "given by the user"
_SECTIONS = ("host", "size_classes", "unknown_size", "providers", "benchmarks", "abilities", "models")
_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|20\d{6})$")


@dataclass(frozen=True, slots=True)
class Profiles:
    """The host's coefficients and those of every known model, by model spec.

    Attributes:
        host: Coefficients of this host.
        models: Known models.
        classes: Size classes, smallest first.
        unknown_size: The class of a model whose size is unknown.
        providers: Providers by the part of a spec before the colon; ``default`` for all others.
        abilities: Abilities of listed models, and estimates for others.
        class_of_model: Name of the size class by spec, of known models with one.
    """

    host: Host
    models: Mapping[str, Profile]
    classes: tuple[SizeClass, ...]
    unknown_size: SizeClass
    providers: Mapping[str, Provider]
    abilities: Abilities
    class_of_model: Mapping[str, str]

    def of(self, spec: str, runs: Runs) -> Profile:
        """Return the profile of a model; for an unknown model, a profile assumed from its name."""
        profile = self._costs(spec, runs)
        size_class = self.class_of_model.get(spec) or self.class_of_model.get(_DATE.sub("", spec))
        return self.abilities.added(profile, spec, size_class)

    def _costs(self, spec: str, runs: Runs) -> Profile:
        undated = _DATE.sub("", spec)
        if spec in self.models:
            return self.models[spec]
        if undated in self.models:
            return replace(self.models[undated], assumed=f"not listed: uses the figures of {undated!r}")
        if runs == "in_process":
            nothing = "no coefficients known; counts as free until calls are metered"
            return replace(IN_PROCESS, assumed=_UNKNOWN + nothing)
        return self._guess(spec, runs)

    def _guess(self, spec: str, runs: Runs) -> Profile:
        size = size_in(spec)
        taken = class_of(size, self.classes) if size else self.unknown_size
        reason = f"taken from {size}" if size else "assumed: its name does not tell its size"
        profile = Profile(
            runs=runs,
            joules=taken.joules,
            seconds=taken.seconds,
            source=taken.source,
            active_billions=size.active if size else None,
            assumed=f"{_UNKNOWN}{taken} {reason}",
        )
        if runs == "same_host":  # no money, and this host's grid
            return replace(profile, assumed=f"{profile.assumed}, as if served in a data centre")
        provider = provider_of(spec, self.providers)
        return replace(
            profile,
            pue=provider.pue,
            region=provider.region,
            coefficients=provider.coefficients,
            source=joined(taken.source, provider.source),
            usd=most_expensive(self.models.values()),
            priced=False,
            assumed=joined(profile.assumed, NO_PRICE),
        )


def most_expensive(profiles: Iterable[Profile]) -> Rate:
    """Return the highest known price of each part of a rate: the stand-in for an unknown price.

    A model with an unknown price must not look cheap, or it would be chosen for that.
    """
    prices = [profile.usd for profile in profiles if profile.priced and profile.usd != Rate()] or [EXPENSIVE]
    parts = (part.name for part in fields(Rate))
    return Rate(**{part: max(getattr(price, part) for price in prices) for part in parts})


def override(profile: Profile, data: Mapping[str, Any], where: str) -> Profile:
    """Return a profile updated with a user's coefficients.

    A rate replaces the whole rate; ``joules`` is one rate, or low, mid and high. If both a region and
    the intensity of its grid are given, the intensity counts. A given coefficient no longer counts as
    assumed.

    Args:
        profile: The known or assumed coefficients of the model.
        data: Coefficients by name, from YAML.
        where: Place in the user's file, for errors.

    Raises:
        PolicyError: Unknown or implausible coefficients, or an unknown region.
    """
    given = values(data, where)
    if "coefficients" in given:
        if depends_on_region(given["coefficients"]):
            given.setdefault("region", None)  # an intensity alone does not tell the region
        given["coefficients"] = over(profile.coefficients, given["coefficients"])
    if "usd" in given:
        given.setdefault("prices", _BY_USER)
        given["priced"] = True
    if "joules" in given:
        given.setdefault("source", _BY_USER)
    settled = tuple(
        start
        for start, by in ((NO_PRICE, {"usd"}), (_UNKNOWN, {"joules", "cpu_seconds"}))
        if by & given.keys()
    )
    still = (part for part in profile.assumed.split("; ") if not part.startswith(settled))
    try:
        return replace(profile, **given, assumed=joined(*still))
    except ValueError as error:
        raise PolicyError(f"{where}.{error}") from None


def here(host: Host, country: str | None, coefficients: Mapping[str, Any], where: str) -> Host:
    """Return this host's coefficients, updated with a policy's ``host`` section.

    Args:
        host: The shipped coefficients.
        country: ISO 3166-1 alpha-3 code of this host's grid, if given.
        coefficients: Coefficients of derived dimensions, by key, from YAML; they override the country's.
        where: Place of the section, for errors.

    Raises:
        PolicyError: Unknown country or coefficient, or an implausible value.
    """
    place = f"{where}.coefficients"
    own = read_coefficients(known(coefficients, place, DIMENSIONS.coefficients), place)
    grid: Mapping[str, Bounds] = {} if country is None else in_country(country, f"{where}.country")
    return replace(host, coefficients={**host.coefficients, **grid, **over({}, own)})


def load_profiles(path: Path | None = None) -> Profiles:
    """Read profiles from a YAML file; without a path, the shipped ones.

    Raises:
        PolicyError: The file is missing, is not YAML, or has unknown or implausible coefficients.
    """
    return _shipped_profiles(tuple(DIMENSIONS.values())) if path is None else _read(path, str(path))


@cache
def _shipped_profiles(dimensions: tuple[DimensionRow, ...]) -> Profiles:
    """Return the shipped profiles, read once for every table of dimensions: a plugin may add to the table."""
    del dimensions
    return _read(shipped("profiles.yaml"), "profiles.yaml")


def _read(path: Path, where: str) -> Profiles:
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"{where}: not a profile file: {error}") from None
    sections = known(data, where, _SECTIONS, _SECTIONS, "; it is not a profile file")
    classes = size_classes(sections["size_classes"], f"{where}: size_classes")
    by_name = {each.name: each for each in classes}
    unknown_size = sections["unknown_size"]
    if unknown_size not in [*by_name]:
        raise PolicyError(unknown(f"{where}: unknown_size", "size class", unknown_size, by_name))
    providers = {
        name: with_coefficients(Provider, entry, f"{where}: providers.{name}")
        for name, entry in known(sections["providers"], f"{where}: providers").items()
    }
    if "default" not in providers:
        raise PolicyError(f"{where}: providers: lacks 'default', for unlisted providers")
    shared = {
        key: bounds
        for key, bounds in providers["default"].coefficients.items()
        if not depends_on_region([key])
    }
    providers = {
        name: replace(each, coefficients={**shared, **each.coefficients}) for name, each in providers.items()
    }
    models = {
        spec: model(spec, entry, f"{where}: models.{spec}", by_name, providers)
        for spec, entry in known(sections["models"], f"{where}: models").items()
    }
    stand_in = most_expensive(models.values())
    models = {
        spec: each if each.priced else replace(each, usd=stand_in, assumed=joined(each.assumed, NO_PRICE))
        for spec, each in models.items()
    }
    host = with_coefficients(Host, sections["host"], f"{where}: host")
    of_model = {spec: name for spec, each in sections["models"].items() if (name := each.get("size_class"))}
    abilities = read_abilities(sections["benchmarks"], sections["abilities"], where, classes, of_model)
    return Profiles(host, models, classes, by_name[unknown_size], providers, abilities, of_model)


def shipped(name: str) -> Path:
    """Return the path of a file in ``policies/``, in an installed wheel or in a checkout alike."""
    package = Path(str(files("dynamicrag")))
    inside = package / "policies" / name
    return inside if inside.exists() else package.parent / "policies" / name
