"""Assumptions about a model from its name: its size, and where its provider computes.

Measured energy per token follows neither the active nor the total parameters of a mixture of experts,
but their geometric mean, which for a dense model is its size: over 328 chat configurations of the
ML.ENERGY leaderboard (2025), log joules per output token on log size and log batch has R² .91 with the
mean and .64 with the active parameters; .93 against .62 where the batch is at least 256.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.rates import Range, Rate, check

_EDGE, _END, _NUMBER = r"(?<![a-z0-9.])", r"(?![a-z0-9])", r"(\d+(?:\.\d+)?)"
_TIMES = re.compile(rf"(?<![0-9.])(\d+)x{_NUMBER}b{_END}")
_EXPERTS = re.compile(rf"{_EDGE}{_NUMBER}b-(\d+)e{_END}")
_ACTIVE = re.compile(rf"{_EDGE}a{_NUMBER}b{_END}")
_TOTAL = re.compile(rf"(?<![0-9.])(?<![0-9][a-z])(?<![^a-z]a){_NUMBER}b{_END}")
_MILLIONS = re.compile(rf"{_EDGE}(\d{{2,4}})m{_END}")


@dataclass(frozen=True, slots=True)
class Size:
    """A model's size, read from its name.

    Attributes:
        active: Billions of parameters that compute a token.
        total: Billions of parameters in all.
        text: The part of the name that states the size.
    """

    active: float
    total: float
    text: str

    @property
    def billions(self) -> float:
        """The geometric mean of active and total parameters, which energy follows."""
        return math.sqrt(self.active * self.total)

    def __str__(self) -> str:
        mixture = f", a mixture of experts that uses what {self.billions:.2g} billion dense ones do"
        return f"{self.text!r} in its name{mixture if self.active < self.total else ''}"


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Figures for models of a size.

    Attributes:
        name: Name of the class, for example ``medium``.
        above: Lower bound in billions of parameters (see :attr:`Size.billions`), exclusive.
        up_to: Upper bound in billions of parameters, inclusive.
        joules: Energy of the servers per token, before PUE.
        seconds: Latency of a call, per token.
        source: Source of the figures.
    """

    name: str
    above: float
    up_to: float
    joules: Range
    seconds: Rate
    source: str

    def __str__(self) -> str:
        if self.up_to == math.inf:
            bounds = f"over {self.above:g}"
        else:
            bounds = f"{self.above:g} to {self.up_to:g}" if self.above else f"up to {self.up_to:g}"
        return f"size class {self.name!r} ({bounds} billion parameters)"


@dataclass(frozen=True, slots=True)
class Provider:
    """The place of a provider's models, unless a model's own profile names another.

    Attributes:
        region: ISO 3166-1 alpha-3 code of the grid.
        pue: Power usage effectiveness of its data centres.
        coefficients: Coefficients of derived dimensions at this provider, by key.
        source: Source of these figures.
    """

    region: str | None = None
    pue: float = 1.0
    coefficients: Mapping[str, Bounds] = field(default_factory=dict, hash=False)
    source: str = ""

    def __post_init__(self) -> None:
        check("pue", self.pue, 1, 3)


def provider_of(spec: str, providers: Mapping[str, Provider]) -> Provider:
    """Return the provider named before the colon of a spec, or ``default`` if it is not listed."""
    return providers.get(spec.partition(":")[0], providers["default"])


def class_of(size: Size, classes: Sequence[SizeClass]) -> SizeClass:
    """Return the class of a size. ``classes`` are in rising order, and the last has no upper bound."""
    return next((each for each in classes if size.billions <= each.up_to), classes[-1])


def size_in(name: str) -> Size | None:
    """Return the size in a model's name, or ``None``.

    A name may hold a total (``70b``, ``135m``), active parameters with or without a total (``235b-a22b``,
    ``17b-16e``), or a number of experts (``8x7b``). A mixture without a total counts as ten times its active
    parameters, as in Qwen3 (22 of 235, 3 of 30). Of ``NxM`` experts, two compute and all share their
    attention, as in Mixtral (12.9 of 46.7 in 8x7B, 39.1 of 140.6 in 8x22B).
    """
    name = name.lower()
    if found := _TIMES.search(name):
        experts, each = int(found[1]), float(found[2])
        return _size(1.8 * each, 0.8 * experts * each, found[0])
    if found := _EXPERTS.search(name):
        return _size(float(found[1]), 10 * float(found[1]), found[0])
    total, active = _TOTAL.search(name), _ACTIVE.search(name)
    if active:
        text = name[min(m.start() for m in (total, active) if m) : max(m.end() for m in (total, active) if m)]
        return _size(float(active[1]), float(total[1]) if total else 10 * float(active[1]), text)
    if total:
        return _size(float(total[1]), float(total[1]), total[0])
    if found := _MILLIONS.search(name):
        return _size(int(found[1]) / 1000, int(found[1]) / 1000, found[0])
    return None


def _size(active: float, total: float, text: str) -> Size | None:
    return Size(active, max(active, total), text) if active > 0 else None
