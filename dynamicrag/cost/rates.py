"""Rates per token with their bounds, and the coefficients of a model and of this host.

The constructors refuse implausible values, so that no caller can skip the check.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TypeGuard, get_args

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import unknown
from dynamicrag.types import Runs

LIMITS: dict[str, tuple[float, float, str]] = {
    "usd": (1.0, 100.0, "usd"),
    "seconds": (60.0, 3600.0, "seconds"),
    "cpu_seconds": (600.0, 36_000.0, "CPU-seconds"),
    "joules": (1000.0, 1e6, "joules"),
}
"""Largest possible values per token and per call, with the unit."""


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
            value = getattr(self, part.name)
            if not _is_number(value) or not 0 <= value < float("inf"):
                raise ValueError(f"{part.name} must be a finite number ≥ 0, got {value!r}{_hint(value)}")

    def of(self, input_tokens: float, output_tokens: float, cached_tokens: float = 0.0) -> float:
        """Return the amount for one call."""
        computed = input_tokens - cached_tokens
        return self.call + self.input * computed + self.cached * cached_tokens + self.output * output_tokens


@dataclass(frozen=True, slots=True)
class Range:
    """The rates of an estimate: a low, a middle and a high one."""

    low: Rate = field(default_factory=Rate)
    mid: Rate = field(default_factory=Rate)
    high: Rate = field(default_factory=Rate)

    def __post_init__(self) -> None:
        for part in fields(Rate):
            low, mid, high = (getattr(rate, part.name) for rate in (self.low, self.mid, self.high))
            if not low <= mid <= high:
                raise ValueError(f"{part.name} must rise from low to mid to high, got {low}, {mid}, {high}")

    @classmethod
    def same(cls, rate: Rate) -> "Range":
        """Return the range of an exact rate."""
        return cls(rate, rate, rate)

    def of(
        self, input_tokens: float, output_tokens: float, cached_tokens: float = 0.0
    ) -> tuple[float, float, float]:
        """Return the low, the middle and the high amount for one call."""
        counted = input_tokens, output_tokens, cached_tokens
        return self.low.of(*counted), self.mid.of(*counted), self.high.of(*counted)


@dataclass(frozen=True, slots=True)
class Profile:
    """A model's cost coefficients.

    Attributes:
        runs: The place that it computes at.
        usd: Price per token; if ``priced`` is false, a stand-in to compare options.
        seconds: Latency of a call, per token.
        cpu_seconds: CPU time on this host, over all threads, per token; zero for remote models.
        joules: Energy of the servers per token, before ``pue``; zero for models in this process, whose
            energy follows from CPU time.
        server: Address of the server on this host; empty if it computes elsewhere.
        pue: Power usage effectiveness of the data centre.
        region: ISO 3166-1 alpha-3 code of its grid; ``None`` if unknown.
        coefficients: Coefficients of derived dimensions, by key (see :mod:`dynamicrag.cost.dimensions`);
            the host's apply where they are missing.
        priced: Whether the price is known.
        prices: Source of the prices, with a date.
        source: Source of energy and latency, with a date.
        active_billions: Parameters that compute a token, in billions, if known.
        context: Tokens per request, prompt and answer together, if known.
        ability: Logit of its accuracy on a public test of general knowledge (see
            :mod:`dynamicrag.cost.ability`); ``None`` if unknown.
        ability_source: Source of the ability, with a date, or the basis of its estimate.
        assumed: The assumptions about a model that is not fully known, in words; empty for a known one.
    """

    runs: Runs = "remote"
    usd: Rate = field(default_factory=Rate)
    seconds: Rate = field(default_factory=Rate)
    cpu_seconds: Rate = field(default_factory=Rate)
    joules: Range = field(default_factory=Range)
    server: str = ""
    pue: float = 1.0
    region: str | None = None
    coefficients: Mapping[str, Bounds] = field(default_factory=dict, hash=False)
    priced: bool = True
    prices: str = ""
    source: str = ""
    active_billions: float | None = None
    context: int | None = None
    ability: float | None = None
    ability_source: str = ""
    assumed: str = ""

    def __post_init__(self) -> None:
        if self.runs not in get_args(Runs):
            raise ValueError(f"runs must be one of {', '.join(get_args(Runs))}, got {self.runs!r}")
        for name in ("usd", "seconds", "cpu_seconds"):
            _check_rate(name, getattr(self, name), *LIMITS[name])
        if not isinstance(self.joules, Range):
            raise ValueError(f"joules must be a range, got {self.joules!r}")
        for bound in fields(Range):
            _check_rate(f"joules.{bound.name}", getattr(self.joules, bound.name), *LIMITS["joules"])
        check("pue", self.pue, 1, 3)
        _check_coefficients(self.coefficients)
        if self.active_billions is not None:
            check("active_billions", self.active_billions, 1e-3, 1e5)
        if self.context is not None and not (type(self.context) is int and self.context > 0):
            raise ValueError(f"context must be a number of tokens, 1 or more, got {self.context!r}")
        if self.ability is not None:
            check("ability", self.ability, -10, 10)
        for name in ("prices", "source", "ability_source", "assumed"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text, got {getattr(self, name)!r}")


def calibration_key(spec: str, profile: Profile) -> str:
    """Return the key of a model's calibration: its spec, with the address of its server on this host."""
    return f"{spec} at {profile.server}" if profile.server else spec


@dataclass(frozen=True, slots=True)
class Host:
    """Coefficients of this host.

    Attributes:
        joules_per_cpu_second: Energy of one second of one busy thread, for predictions; actual energy comes
            from the meter.
        coefficients: Coefficients of derived dimensions on this host, by key; defaults apply where they are
            missing.
    """

    joules_per_cpu_second: float = 4.0
    coefficients: Mapping[str, Bounds] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check("joules_per_cpu_second", self.joules_per_cpu_second, 0.1, 500)
        _check_coefficients(self.coefficients)


def _check_coefficients(given: Mapping[str, Bounds]) -> None:
    known = DIMENSIONS.coefficients
    for key, bounds in given.items():
        if key not in known:
            raise ValueError(unknown("coefficients", "coefficient", key, known))
        for value in (bounds.low, bounds.high):
            check(key, value, 0, known[key].most)


def check(name: str, value: object, least: float, most: float) -> None:
    """Refuse a value that is not a number, or out of range.

    Raises:
        ValueError: The value is invalid; the message has the name and the valid range.
    """
    if not _is_number(value):
        raise ValueError(f"{name} must be a number from {least:g} to {most:g}, got {value!r}{_hint(value)}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least:g} to {most:g}, got {value!r}")


def _check_rate(name: str, rate: object, per_token: float, per_call: float, unit: str) -> None:
    if not isinstance(rate, Rate):
        raise ValueError(f"{name} must be a rate, got {rate!r}")
    for part in fields(rate):
        most, of = (per_call, "call") if part.name == "call" else (per_token, "token")
        value = getattr(rate, part.name)
        if value > most:
            raise ValueError(f"{name}.{part.name} must be from 0 to {most:g} {unit} per {of}, got {value!r}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hint(value: object) -> str:
    """Return help with a common slip: YAML reads a number with an exponent but no dot as text."""
    return " (in YAML, write 1.0e-6, not 1e-6)" if isinstance(value, str) else ""


IN_PROCESS = Profile(runs="in_process", source="this process")
"""Profile of this process's work besides model calls: embedding, searching, choosing."""
