"""How an evaluation's page words its figures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.view.amounts import SPACE, digits

SURE = 0.05
"""Most chance at which a gain counts as one."""


def single_of(found: Mapping[str, Any]) -> str:
    """Return the name of the best single option."""
    calls = found["baselines"]["best_single"]["calls"]
    return str(max(calls, key=lambda name: calls[name]))


def unit_of(found: Mapping[str, Any]) -> Callable[[float], str]:
    """Return what puts a cost into words."""
    name = found["data"]["cost"]["name"] if found["data"]["cost"] else ""
    unit = DIMENSIONS[name].unit if name in DIMENSIONS else ""
    return lambda value: f"{prefix_of(name)}{digits(value)}{SPACE if unit else ''}{unit}"


def prefix_of(cost: str) -> str:
    """Return the symbol before an amount of a cost, such as ``$``."""
    return DIMENSIONS[cost].prefix if cost in DIMENSIONS else ""


def share(value: float | None) -> str:
    """Return a share as ``.806``."""
    return "–" if value is None else f"{value:.3f}".replace("-", "−").replace("0.", ".", 1)


def points(value: float) -> str:
    """Return a difference in quality in points, of which 100 are all."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(100 * value):.1f}"


def between(ends: Sequence[float] | None) -> str:
    """Return the ends of a difference's interval, in points."""
    return "" if ends is None else f"{points(ends[0])} to {points(ends[1])}"


def reach(ends: Sequence[float] | None) -> str:
    """Return the ends of an interval, small."""
    return "" if ends is None else f'<span class="small">{share(ends[0])}–{share(ends[1])}</span>'
