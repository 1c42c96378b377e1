"""The report's panel on drift: recent queries beside what their policy was calibrated to."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.lab.report.drift import moved
from dynamicrag.lab.report.markup import card, cell, head, table
from dynamicrag.lab.view.amounts import SPACE, amount, digits, percent, safe


def shown(unit: str, value: float) -> str:
    """Return a figure as people read it."""
    if unit == "share":
        return percent(value)
    return digits(value) if unit == "signal" else amount(unit, value)


def change(figure: Mapping[str, Any]) -> str:
    """Return how far a figure is from where it was: points of a share, else per cent."""
    was, now = figure["calibrated"]["value"], figure["recent"]["value"]
    sign = "+" if now > was else ""
    if figure["unit"] == "share":
        return f"{sign}{digits(100 * (now - was))}{SPACE}points".replace("-", "−")
    return f"{sign}{percent((now - was) / abs(was))}" if was else "–"


def verdict(compared: Mapping[str, Any]) -> str:
    """Return what to do."""
    since, queries = compared["since"][:10], compared["queries"]
    if not compared["enough"]:
        return (
            f"{queries} queries since the calibration of {since}; {compared['needed']} are needed to judge by"
        )
    names = moved(compared)
    if not names:
        return f"as calibrated on {since}: {queries} queries, and no figure has moved"
    told = (f"{name} {change(compared['figures'][name])}" for name in names)
    return (
        f"no longer as calibrated on {since}: {', '.join(told)}, over {queries} queries. Record the present "
        "questions again, and calibrate"
    )


def drift_panel(policies: Mapping[str, Any]) -> str:
    """Return a verdict and a table for every calibrated policy."""
    cards = []
    for policy, compared in policies.items():
        rows = [
            [
                head(safe(name)),
                cell(_reach(figure["unit"], figure["calibrated"])),
                cell(_reach(figure["unit"], figure["recent"])),
                cell(change(figure)),
                cell("<strong>moved</strong>" if figure["moved"] else ""),
            ]
            for name, figure in compared["figures"].items()
        ]
        body = f"<p>{safe(verdict(compared), 600)}.</p>"
        if rows:
            body += table(["per query", "calibrated", "recent", "change", ""], rows)
        cards.append(card(body, safe(policy)))
    return "".join(cards)


def _reach(unit: str, figure: Mapping[str, float]) -> str:
    ends = f"{shown(unit, figure['low'])} to {shown(unit, figure['high'])}"
    return f'{shown(unit, figure["value"])} <span class="small">{ends}</span>'
