"""A comparison of policies as a page."""

import time
from collections.abc import Sequence

from dynamicrag.cost.amounts import amount
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.view.amounts import interval
from dynamicrag.lab.view.page import Cell, Column, Headline, Page, Row, Section, Style, Table, Words
from dynamicrag.lab.whatif.results import PATH, Part, WhatIfReport
from dynamicrag.learning.intervals import Estimated
from dynamicrag.learning.offpolicy import Comparison


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
            *_sections(report.parts),
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


def _section(part: Part, title: str) -> Section:
    counts = f"{part.changed:,} of {part.decisions:,} decisions have other probabilities than logged"
    if part.refused:
        return Section(title, [Words(f"no estimate: {part.refused}", "bad")])
    if part.effective is not None:
        counts += f"; effective sample size {part.effective:,.0f}"
    others = part.outcomes.get("quality")
    blocks: list[Table | Words] = [_table(part), Words(counts)]
    if others is not None:
        pairs = (("inverse propensity", others.ips), ("self-normalised", others.snips))
        said = ", ".join(
            f"{name} {_text('quality', own.value)} ({_ends('quality', own)})" for name, own in pairs
        )
        blocks.append(Words(f"quality by other estimators: {said}"))
    return Section(title, blocks, "Doubly robust estimates, with 95 % intervals.")


def _sections(parts: Sequence[Part]) -> list[Section]:
    """Return a section for each part; a path that changes at one stage alone repeats nothing."""
    whole = parts[-1] if parts and parts[-1].name == PATH and not parts[-1].refused else None
    alone = parts[0].name if whole is not None and len(parts) == 2 else ""
    titles = {PATH: f"Whole path, which differs at {alone} alone" if alone else "Whole path"}
    return [
        _section(part, titles.get(part.name, f"{part.name}, the other stages as logged"))
        for part in parts
        if part.name != alone
    ]


def _table(part: Part) -> Table:
    columns = [
        Column("", number=False), Column("queries", spare=1), Column("logged"), Column("candidate"),
        Column("95 %", spare=2), Column("difference"), Column("95 % of it"),
    ]  # fmt: skip
    return Table(columns, [_row(name, found) for name, found in part.outcomes.items()])


def _row(name: str, found: Comparison) -> Row:
    own = found.difference
    ends = interval([own.low, own.high], lambda value: _signed(name, value), " to ")
    return Row(
        [
            name,
            f"{found.queries:,}",
            _text(name, found.logged.value),
            _text(name, found.dr.value),
            Cell(_ends(name, found.dr), style="faint"),
            Cell(_signed(name, own.value), style=_style(name, own)),
            Cell(ends, style=_style(name, own)),
        ]
    )


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
