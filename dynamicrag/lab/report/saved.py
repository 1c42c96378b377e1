"""The savings as a panel: each with its interval on a common scale, and the means behind it."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.lab.report import charts, terms
from dynamicrag.lab.report.figures import quantities
from dynamicrag.lab.report.markup import Cells, card, cell, head, table
from dynamicrag.lab.report.savings import COMPARED
from dynamicrag.lab.view.amounts import amount, percent, safe

_FLOOR = -2.0
"""Where the scale ends on the side of what cost more; further values stand in the table alone."""


def saving_panel(saving: Mapping[str, Any]) -> str:
    """Return the savings of every policy against the baseline, or why there are none."""
    if saving["note"]:
        return card(f"<p>{with_code(saving['note'])}.</p>")
    parts = []
    for policy, comparison in saving["policies"].items():
        title = f"{safe(policy)} against {safe(saving['baseline'])}"
        parts.append(card(_chart(policy, comparison), title, safe(terms.basis(comparison))))
        parts.append(_table(policy, comparison, saving["baseline"]))
        caveats = " ".join(terms.caveats(comparison))
        parts.append(f'<p class="small">{safe(caveats, 1000)}</p>' if caveats else "")
    return "".join(parts)


def _chart(policy: str, comparison: Mapping[str, Any]) -> str:
    rows, lowest = [], 0.0
    for name in COMPARED:
        figure = comparison["figures"][name]
        value = figure["value"]
        if value is not None:
            low, high = figure["interval"] or (value, value)
            lowest = min(lowest, low, value)
            rows.append(charts.Span(quantities()[name].title, low, value, high, said(figure)))
    if not rows:
        return "<p>The baseline cost nothing: there is nothing to save.</p>"
    step = 0.25 if lowest > -0.5 else 0.5
    begin = max(_FLOOR, step * int(lowest / step - 0.999)) if lowest < 0 else 0.0
    count = round((1 - begin) / step)
    marks = [(begin + step * number, percent(begin + step * number)) for number in range(count + 1)]
    return charts.spans(f"What {policy} saved, with 95 % intervals", rows, marks)


def _table(policy: str, comparison: Mapping[str, Any], baseline: str) -> str:
    rows: list[Cells] = []
    for name in COMPARED:
        figure, unit = comparison["figures"][name], quantities()[name].unit
        saved = figure["value"]
        style = ("good" if saved > 0 else "bad") if saved is not None and sure(figure) else ""
        rows.append(
            [
                head(quantities()[name].title),
                cell(amount(unit, figure["ours"]["value"])),
                cell(amount(unit, figure["theirs"]["value"])),
                cell("–" if saved is None else percent(saved), f"strong {style}"),
                cell(terms.interval(figure)),
                cell(figure["kind"] if saved is not None else ""),
            ]
        )
    names = (safe(name, 32) for name in (policy, baseline))
    return table(["mean per query", *names, "saved", "95 % interval", ""], rows)


def sure(figure: Mapping[str, Any]) -> bool:
    """Return whether the interval of a saving leaves no doubt that there is one, or a loss."""
    interval = figure["interval"]
    return interval is not None and (interval[0] > 0 or interval[1] < 0)


def said(figure: Mapping[str, Any]) -> str:
    """Return a saving with its interval."""
    return percent(figure["value"]) + (f" ({terms.interval(figure)})" if figure["interval"] else "")


def with_code(note: str) -> str:
    """Return a note with what stands between backticks as code."""
    pieces = safe(note, 400).split("`")
    return "".join(f"<code>{piece}</code>" if n % 2 else piece for n, piece in enumerate(pieces))
