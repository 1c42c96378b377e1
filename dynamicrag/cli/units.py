"""Numbers on a terminal: as the report's page writes them, but with spaces that a search finds."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.view import amounts as display


def amount(unit: str, value: float | None) -> str:
    """Return an amount of a cost dimension with its unit: ``38.3 J``; ``unknown`` where it is."""
    return spaced(display.amount(unit, value))


def joules(value: float | None) -> str:
    """Return joules, or kilojoules where there are many."""
    return amount("joules", value)


def seconds(value: float | None) -> str:
    """Return seconds."""
    return amount("seconds", value)


def usd(value: float | None) -> str:
    """Return dollars; ``unknown`` where no price is known."""
    return amount("usd", value)


def bare(dimension: str, value: float | None) -> str:
    """Return an amount without what is measured, where a heading names it: ``1.60 mg`` of CO₂e."""
    return spaced(display.amount(dimension, value, noun=False))


def size(count: float) -> str:
    """Return bytes as MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def percent(share: float | None) -> str:
    """Return a share in per cent, or a dash."""
    return "–" if share is None else spaced(display.percent(share))


def short(value: float) -> str:
    """Return three telling digits, and a plain 0."""
    return spaced(display.digits(value))


def spaced(text: str) -> str:
    """Return a text of the report's with plain spaces."""
    return text.replace(display.SPACE, " ")


def cost_line(cost: Mapping[str, Any], tokens: Mapping[str, int] | None = None) -> str:
    """Return a cost in one line: ``12.3 J modelled active · 2.10 s · $0 · 1.60 mg CO₂e``.

    It holds the dimensions whose row says that they belong in a summary.
    """
    parts = [_summary(name, cost[name]) for name, row in DIMENSIONS.items() if row.summary and name in cost]
    if tokens:
        parts.append(f"{tokens['input']:,}→{tokens['output']:,} tokens")
    return " · ".join(parts)


def _summary(name: str, figure: Mapping[str, Any]) -> str:
    value = figure["value"]
    if value is None:
        return f"{'price' if name == 'usd' else DIMENSIONS[name].title} unknown"
    said = amount(name, value)
    if name == "joules":
        return f"{said} {figure['kind']} active"
    return f"{said} estimated" if name == "usd" and value else said
