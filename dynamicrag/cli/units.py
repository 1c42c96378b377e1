"""Amounts of a cost in the units of one dimension."""

from dynamicrag.lab.view import amounts
from dynamicrag.lab.view.amounts import digits, size

__all__ = ["bare", "joules", "percent", "seconds", "short", "size", "usd"]

short = digits


def joules(value: float | None) -> str:
    """Return joules, or kilojoules where there are many."""
    return amounts.amount("joules", value)


def seconds(value: float | None) -> str:
    """Return seconds."""
    return amounts.amount("seconds", value)


def usd(value: float | None) -> str:
    """Return dollars; ``unknown`` where no price is known."""
    return amounts.amount("usd", value)


def bare(dimension: str, value: float | None) -> str:
    """Return an amount without what is measured, where a heading names it: ``1.60 mg`` of CO₂e."""
    return amounts.amount(dimension, value, noun=False)


def percent(share: float | None) -> str:
    """Return a share in per cent, or a dash."""
    return "–" if share is None else amounts.percent(share)
