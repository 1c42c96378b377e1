"""Figures and names as people read them: three significant digits, fitting units, no control characters."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import isnan

from dynamicrag.cost.amounts import SPACE, amount, digits, scale
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.records import Figure

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def duration(seconds: float) -> str:
    """Return seconds, or minutes from two minutes on."""
    return amount("seconds", seconds) if seconds < 120 else f"{seconds / 60:,.0f}{SPACE}min"


def reach(dimension: str, low: float, high: float) -> str:
    """Return the range between two amounts, in the unit of the higher."""
    row = DIMENSIONS[dimension]
    factor, symbol = scale(dimension, high)
    if row.prefix:
        return f"{amount(dimension, low)} to {amount(dimension, high)}"
    said = f"{digits(low / factor)} to {digits(high / factor)}"
    return SPACE.join(part for part in (said, symbol, row.noun) if part)


def share(value: float | None) -> str:
    """Return a share or a quality as ``.806``."""
    if value is None:
        return "–"
    text = f"{abs(value):.3f}".removeprefix("0")
    return f"−{text}" if value < 0 and float(text) else text


def points(value: float) -> str:
    """Return a difference in quality in points, 100 to the whole range."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(100 * value):.1f}"


def known(value: float, text: Callable[[float], str]) -> str:
    """Return a figure in words, or a dash for NaN."""
    return "–" if isnan(value) else text(value)


def interval(ends: Sequence[float] | None, text: Callable[[float], str] = share, to: str = "–") -> str:
    """Return the ends of an interval, ``.78–.84``; nothing where there is none.

    Args:
        ends: The lower and the upper end.
        text: Formats an end.
        to: The text between them.
    """
    return "" if ends is None else f"{text(ends[0])}{to}{text(ends[1])}"


def size(count: float) -> str:
    """Return bytes as MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def cost_line(cost: Mapping[str, Figure], tokens: Mapping[str, int] | None = None) -> str:
    """Return a cost in one line: ``12.3 J modelled active · 2.10 s · $0 · 1.60 mg CO₂e``.

    It holds the dimensions whose row says that they belong in a summary.
    """
    parts = [_in_line(name, cost[name]) for name, row in DIMENSIONS.items() if row.summary and name in cost]
    if tokens:
        parts.append(f"{tokens['input']:,}→{tokens['output']:,} tokens")
    return " · ".join(parts)


def _in_line(name: str, figure: Figure) -> str:
    value = figure["value"]
    if value is None:
        return f"{'price' if name == 'usd' else DIMENSIONS[name].title} unknown"
    text = amount(name, value)
    if name == "joules":
        return f"{text} {figure['kind']} active"
    return f"{text} estimated" if name == "usd" and value else text


def safe(text: object, most: int = 80) -> str:
    """Return untrusted text for an element or an attribute of HTML or SVG, cut if it is long.

    Invisible characters and those that change the reading direction are removed.
    """
    return escape(cut(text, most), quote=True)


def cut(text: object, most: int) -> str:
    """Return untrusted text on its way to :func:`safe`, cut if it is longer than ``most`` characters."""
    plain = _CONTROL.sub("", str(text))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
