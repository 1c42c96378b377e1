"""Coefficients that turn usage into cost: per model prices and speeds, per host power and carbon.

Profiles are data, in YAML, each with the source of its numbers; nothing is loaded at import.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.types import Runs


@dataclass(frozen=True, slots=True)
class Rate:
    """Linear in tokens: ``call + input * input_tokens + cached * cached_tokens + output * output_tokens``.

    ``input`` applies to the prompt tokens that had to be computed; ``cached`` to the others.
    """

    input: float = 0.0
    output: float = 0.0
    cached: float = 0.0
    call: float = 0.0

    def __post_init__(self) -> None:
        for part in fields(self):
            if not 0 <= getattr(self, part.name) < float("inf"):
                raise ValueError(f"{part.name} must be a finite number ≥ 0, got {getattr(self, part.name)!r}")

    def of(self, input_tokens: float, output_tokens: float, cached_tokens: float = 0.0) -> float:
        """Return the amount for one call."""
        computed = input_tokens - cached_tokens
        return self.call + self.input * computed + self.cached * cached_tokens + self.output * output_tokens


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a model's cost.

    Attributes:
        runs: Where it computes.
        usd: Price per token.
        seconds: Latency of a call, by tokens.
        cpu_seconds: CPU time on this host, over all threads, by tokens; zero for remote models.
        joules: Energy in a remote data centre by tokens, before ``pue``; zero for local models, whose
            energy follows from CPU time.
        pue: Power usage effectiveness of the remote data centre.
        gco2e_per_kwh: Carbon intensity of the grid where it runs; ``None`` means this host's.
        source: Where the numbers come from, with a date.
    """

    runs: Runs = "remote"
    usd: Rate = field(default_factory=Rate)
    seconds: Rate = field(default_factory=Rate)
    cpu_seconds: Rate = field(default_factory=Rate)
    joules: Rate = field(default_factory=Rate)
    pue: float = 1.0
    gco2e_per_kwh: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """Coefficients of this host.

    Attributes:
        joules_per_cpu_second: Energy of one second of one busy thread, used to predict; what was really
            used comes from the meter.
        gco2e_per_kwh: Carbon intensity of the local grid; the default is the world's mean in 2023
            (Ember, Global Electricity Review 2024).
    """

    joules_per_cpu_second: float = 4.0
    gco2e_per_kwh: float = 480.0


IN_PROCESS = Profile(runs="in_process", source="this process")
"""Work of this process that is no model call: embedding, searching, choosing."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """The host's coefficients and those of every known model, by model spec."""

    host: Host
    models: Mapping[str, Profile]
    remote_default: Profile

    def of(self, spec: str, runs: Runs) -> Profile:
        """Return the profile of a model, or the default for one that is not known."""
        known = self.models.get(spec)
        if known is not None:
            return known
        return self.remote_default if runs == "remote" else replace(IN_PROCESS, runs=runs)


def _rates(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    names = {part.name for part in fields(Profile)}
    for key, value in data.items():
        if key not in names:
            raise PolicyError(unknown(where, "key", key, names))
        try:
            values[key] = Rate(**value) if isinstance(value, Mapping) else value
        except (TypeError, ValueError) as error:
            raise PolicyError(f"{where}.{key}: {error}") from None
    return values


def load_profiles(path: Path | None = None) -> Profiles:
    """Read profiles from a YAML file, or the ones that ship with the package.

    Raises:
        PolicyError: The file is missing, is no YAML, or has unknown or absurd coefficients.
    """
    where = str(path or "profiles.yaml")
    try:
        text = path.read_text("utf-8") if path else shipped("profiles.yaml").read_text("utf-8")
        data = yaml.safe_load(text)
        host = Host(**data["host"])
        models = {
            spec: Profile(**_rates(entry, f"{where}: models.{spec}"))
            for spec, entry in data["models"].items()
        }
        default = Profile(**_rates(data["remote_default"], f"{where}: remote_default"))
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise PolicyError(f"{where}: not a profile file: {error}") from None
    return Profiles(host=host, models=models, remote_default=default)


def shipped(name: str) -> Path:
    """Return the path of a file in ``policies/``, in an installed wheel or in a checkout alike."""
    package = Path(str(files("dynamicrag")))
    inside = package / "policies" / name
    return inside if inside.exists() else package.parent / "policies" / name
