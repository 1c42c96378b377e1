"""The summary of a run as tables: quality, cost, and how often each option was taken."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined
from dynamicrag.cli.units import bare, joules, percent
from dynamicrag.cost.dimensions import DIMENSIONS

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from dynamicrag.cost.ledger import Ledger

Summary = Mapping[str, Any]
BAR = 16
FOLDED = 16
"""Characters of a text that stay side by side on a narrow terminal."""


def print_summary(out: "Console", summaries: Mapping[str, Summary], processes: Iterable[str]) -> None:
    """Print what a run comes to, side by side where there is a baseline.

    Args:
        out: Where.
        summaries: By policy name; the first is the one that is judged, a second its baseline.
        processes: What the process used besides, a line per meter.
    """
    out.print()
    show(out, _quality(summaries), "contains", "notes")
    out.print()
    show(out, _cost(summaries), "p95", "p50", "of which")
    for name, summary in summaries.items():
        out.print()
        show(out, _options(summary, name if len(summaries) > 1 else ""))
    out.print()
    for line in processes:
        out.print(f"the process in all: {line}", style="dim")


def process_line(ledger: "Ledger") -> str:
    """Return what the process used besides the questions."""
    meter, totals = ledger.attribution.meter, ledger.attribution.totals
    odd = f", {joules(totals.unexplained)} beyond what the CPU time explains" if totals.unexplained else ""
    return (
        f"{joules(totals.metered)} metered ({meter.name}, {meter.kind}), of these {joules(totals.active)} "
        f"used by calls, {joules(totals.idle)} idle (loading, waiting: no question's), "
        f"{joules(totals.constant)} constant (memory){odd}"
    )


def _quality(summaries: Mapping[str, Summary]) -> "Table":
    several = len(summaries) > 1
    who = ["policy"] if several else []
    table = plain_table("type", *who, "n>", "F1>", "EM>", "contains>", "notes", title="Quality")
    table.columns[0].style = table.columns[-1].style = "dim"
    types = next(iter(summaries.values()))["types"]
    for kind in types:
        for name, summary in summaries.items():
            row = summary["types"].get(kind, {})
            scores = [f"{row[key]:.2f}" if key in row else "–" for key in ("f1", "em", "contains")]
            label = kind or "all"
            figures = (str(row.get("questions", 0)), *scores, _note(kind, row, summary))
            table.add_row(label, *([name] if several else []), *figures, style="bold" if not kind else "")
    return table


def _note(kind: str, row: Mapping[str, float], summary: Summary) -> str:
    if kind == "unanswerable":
        return f"{percent(row['abstained'])} abstained, {percent(1 - row['abstained'])} invented"
    if kind == "greeting":
        return f"{percent(row['retrieved'])} retrieved for"
    if not kind:
        notes = [f"{summary['escalations']} escalations"] if summary["escalations"] else []
        notes += [f"{summary['errors']} failed"] if summary["errors"] else []
        return ", ".join([*notes, f"{percent(row['abstained'])} abstained"])
    return f"{percent(row['abstained'])} abstained" if row["abstained"] else ""


def _cost(summaries: Mapping[str, Summary]) -> "Table":
    from dynamicrag.lab.summary import saving

    several = len(summaries) > 1
    who = ["policy"] if several else []
    columns = ("", *who, "mean>", "p50>", "p95>", "total>", "of which")
    table = plain_table(*columns, title="Cost per question (joules: active)")
    table.columns[0].style = "dim"
    for dimension in DIMENSIONS:
        for name, summary in summaries.items():
            cost = summary[dimension]
            figures = [bare(dimension, cost[key]) for key in ("mean", "p50", "p95", "total")]
            whole = cost["total"]
            kinds = ", ".join(
                f"{percent(part / whole)} {kind}" if whole else kind for kind, part in cost["kinds"].items()
            )
            table.add_row(dimension, *([name] if several else []), *figures, kinds)
        if several:
            ours, theirs = (summary[dimension]["total"] for summary in summaries.values())
            share = saving(ours, theirs)
            style = "bold green" if share and share > 0 else "bold"
            table.add_row("", joined(("saved", style)), "", "", "", joined((percent(share), style)), "")
    return table


def _options(summary: Summary, name: str) -> "Table":
    title = "Share of the questions that took each option" + (f" ({name})" if name else "")
    table = plain_table("stage", "option", "", ">", title=title)
    table.columns[0].style, table.columns[2].style = "dim", "cyan"
    for stage, shares in summary["options"].items():
        for position, (option, share) in enumerate(shares.items()):
            bar = "█" * round(BAR * share)
            table.add_row(stage if position == 0 else "", option, bar.ljust(BAR, "·"), percent(share))
    return table


def plain_table(*columns: str, title: str | None = None) -> "Table":
    """Return an empty table; a column whose name ends in ``>`` is of numbers, which are never broken."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True,
    )  # fmt: skip
    for name in columns:
        numbers = name.endswith(">")
        side: JustifyMethod = "right" if numbers else "left"
        table.add_column(name.removesuffix(">"), justify=side, overflow="fold", no_wrap=numbers)
    return table


def show(out: "Console", table: "Table", *spare: str) -> None:
    """Print a table; where it is wider than the terminal, without what can be spared.

    Args:
        out: Where.
        table: From :func:`plain_table`.
        spare: Names of columns that may be left out, the first of them first; it is told which were.
    """
    left_out = []
    for name in spare:
        if _needed(out, table) <= out.width:
            break
        table = _without(table, name)
        left_out.append(name)
    out.print(table)
    if left_out:
        names = dict.fromkeys(name.strip() for name in left_out)
        out.print(f"(no room for {', '.join(names)})", style="dim")


def _without(table: "Table", name: str) -> "Table":
    """Return a table without the column of that name."""
    kept = [column for column in table.columns if column.header != name]
    slim = plain_table(title=str(table.title) if table.title else None)
    for column in kept:
        slim.add_column(
            column.header, justify=column.justify, overflow="fold", no_wrap=column.no_wrap, style=column.style
        )
    for row, cells in zip(table.rows, zip(*(column.cells for column in kept), strict=True), strict=True):
        slim.add_row(*cells, style=row.style, end_section=row.end_section)
    return slim


def _needed(out: "Console", table: "Table") -> int:
    """Return the width of a table whose texts are folded and whose numbers are whole."""
    from rich.measure import measure_renderables

    options = out.options.update(width=1000)
    widths = [
        (column.no_wrap, measure_renderables(out, options, [*column.cells, column.header]).maximum)
        for column in table.columns
    ]
    gaps = 2 * (len(widths) - 1)
    return gaps + sum(width if whole else min(width, FOLDED) for whole, width in widths)
