"""A comparison of policies as a page."""

import time
from collections.abc import Sequence

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.view.amounts import amount, interval
from dynamicrag.lab.view.page import Cell, Column, Headline, Page, Row, Section, Style, Table, Words
from dynamicrag.lab.whatif.results import PATH, Part, WhatIfReport
from dynamicrag.learning.intervals import Estimated
from dynamicrag.learning.offpolicy import Comparison

__all__ = ["build_page"]


def build_page(report: WhatIfReport) -> Page:
    """Return the page of a comparison."""
    return Page(
        name="whatif",
        command="dynamicrag whatif",
        kicker=f"{report.candidate} on {report.queries:,} logged queries, {report.with_feedback:,} with "
        f"feedback, {_day(report.begin)} to {_day(report.end)}",
        headline=_headline(report),
        lede="Estimated from logged decisions and their probabilities; no model was called.",
        sections=[
            *(_section(part) for part in report.parts),
            *([Section("As logged", [Words(", ".join(report.unchanged))])] if report.unchanged else []),
            Section("Required", _verdicts(report)),
        ],
        notes=report.notes,
    )


def _headline(report: WhatIfReport) -> Headline:
    if report.shown is None:
        return Headline("The log cannot show what this policy would have given", bad=True)
    if report.shown:
        return Headline("This policy meets what is required of it")
    return Headline("It is not shown that this policy meets what is required", bad=True)


def _section(part: Part) -> Section:
    title = "Whole path" if part.name == PATH else f"{part.name}, the other stages as logged"
    counts = f"{part.changed:,} of {part.decisions:,} decisions have other probabilities than logged"
    if part.refused:
        return Section(title, [Words(f"no estimate: {part.refused}", "bad")])
    if part.effective is not None:
        counts += f"; effective sample size {part.effective:,.0f}"
    return Section(title, [_table(part), Words(counts)])


def _table(part: Part) -> Table:
    columns = [
        Column("", number=False), Column("queries", spare=2), Column("logged"),
        Column("candidate: IPS", spare=1), Column("SNIPS", spare=1), Column("doubly robust"),
        Column("difference"),
    ]  # fmt: skip
    return Table(columns, [_row(name, found) for name, found in part.outcomes.items()])


def _row(name: str, found: Comparison) -> Row:
    figures = [found.logged, found.ips, found.snips, found.dr]
    cells = [Cell(_text(name, own.value), _ends(name, own)) for own in figures]
    difference = Cell(
        _signed(name, found.difference.value),
        interval([found.difference.low, found.difference.high], lambda value: _signed(name, value), " to "),
        _style(name, found.difference),
    )
    return Row([name, f"{found.queries:,}", *cells, difference])


def _style(name: str, difference: Estimated) -> Style:
    up, down = difference.low > 0, difference.high < 0
    better, worse = (down, up) if name in DIMENSIONS else (up, down)
    return "good" if better else "bad" if worse else ""


def _text(name: str, value: float) -> str:
    return amount(name, value, noun=False) if name in DIMENSIONS else f"{value:.3f}".replace("-", "−")


def _signed(name: str, value: float) -> str:
    return f"+{_text(name, value)}" if value > 0 else _text(name, value)


def _ends(name: str, own: Estimated) -> str:
    return interval([own.low, own.high], lambda value: _text(name, value))


def _verdicts(report: WhatIfReport) -> Sequence[Words]:
    words = {True: "shown", False: "not shown", None: "no estimate"}
    styles: dict[bool | None, Style] = {True: "good", False: "bad", None: "bad"}
    return [
        Words(f"{own.requirement}: {words[own.shown]}; {own.why} ({own.part})", styles[own.shown])
        for own in report.verdicts
    ]


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
