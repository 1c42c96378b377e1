"""Numbers as people read them."""

from collections.abc import Mapping
from typing import Any


def joules(value: float) -> str:
    """Return joules, or kilojoules where there are many."""
    return f"{value / 1000:,.2f} kJ" if value >= 10_000 else f"{short(value)} J"


def seconds(value: float) -> str:
    """Return seconds."""
    return f"{short(value)} s"


def usd(value: float) -> str:
    """Return dollars."""
    return f"${short(value)}"


def size(count: float) -> str:
    """Return bytes as MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def percent(share: float | None) -> str:
    """Return a share in per cent, or a dash."""
    return "–" if share is None else f"{100 * share:.0f} %"


def short(value: float) -> str:
    """Return two or three telling digits, and a plain 0."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.1f}"
    return f"{value:.2g}" if abs(value) >= 1e-4 else f"{value:.1e}"


def cost_line(cost: Mapping[str, Any], tokens: Mapping[str, int] | None = None) -> str:
    """Return a cost with its provenance: ``12.3 J modelled active · 2.1 s · $0 · 0.0016 gCO2e``."""
    value = {dimension: figure["value"] for dimension, figure in cost.items()}
    parts = [
        f"{joules(value['joules'])} {cost['joules']['kind']} active",
        seconds(value["seconds"]),
        usd(value["usd"]) + (" estimated" if value["usd"] else ""),
        f"{short(value['gco2e'])} gCO2e",
    ]
    if tokens:
        parts.append(f"{tokens['input']:,}→{tokens['output']:,} tokens")
    return " · ".join(parts)
