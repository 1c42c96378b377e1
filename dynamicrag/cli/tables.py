"""The summary of a run as tables: quality, cost, and how often each option was taken."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined
from dynamicrag.cli.units import joules, percent, seconds, short, usd

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from dynamicrag.cost.ledger import Ledger

Summary = Mapping[str, Any]
COSTS: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("seconds", seconds), ("joules", joules), ("usd", usd), ("gco2e", lambda value: f"{short(value)} g")
)  # fmt: skip
BAR = 16


def print_summary(out: "Console", summaries: Mapping[str, Summary], processes: Iterable[str]) -> None:
    """Print what a run comes to, side by side where there is a baseline.

    Args:
        out: Where.
        summaries: By policy name; the first is the one that is judged, a second its baseline.
        processes: What the process used besides, a line per meter.
    """
    out.print()
    out.print(_quality(summaries))
    out.print()
    out.print(_cost(summaries))
    for name, summary in summaries.items():
        out.print()
        out.print(_options(summary, name if len(summaries) > 1 else ""))
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


def _table(title: str, first: str, names: Sequence[str]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False,
    )  # fmt: skip
    table.add_column(first, style="dim", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    return table


def _quality(summaries: Mapping[str, Summary]) -> "Table":
    several = len(summaries) > 1
    names = ["", *(["policy"] if several else [])]
    table = _table("Quality", "type", [*names[1:], "n", "F1", "EM", "contains", "notes"])
    table.columns[-1].justify = "left"
    table.columns[-1].style = "dim"
    types = next(iter(summaries.values()))["types"]
    for kind in types:
        for name, summary in summaries.items():
            row = summary["types"].get(kind, {})
            scores = [f"{row[key]:.2f}" if key in row else "–" for key in ("f1", "em", "contains")]
            who = [name] if several else []
            label = kind or "all"
            table.add_row(label, *who, str(row.get("questions", 0)), *scores, _note(kind, row, summary),
                          style="bold" if not kind else "")  # fmt: skip
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
    from dynamicrag.evaluation.summary import saving

    several = len(summaries) > 1
    table = _table("Cost per question (joules: active)", "",
                   [*(["policy"] if several else []), "mean", "p50", "p95", "total", "of which"])  # fmt: skip
    for dimension, unit in COSTS:
        for name, summary in summaries.items():
            cost = summary[dimension]
            figures = [unit(cost[key]) for key in ("mean", "p50", "p95", "total")]
            kinds = ", ".join(f"{percent(v / cost['total'])} {kind}" for kind, v in cost["kinds"].items())
            table.add_row(dimension, *([name] if several else []), *figures, kinds)
        if several:
            ours, theirs = (summary[dimension]["total"] for summary in summaries.values())
            share = saving(ours, theirs)
            style = "bold green" if share and share > 0 else "bold"
            table.add_row("", joined(("saved", style)), "", "", "", joined((percent(share), style)), "")
    return table


def _options(summary: Summary, name: str) -> "Table":
    title = "Share of the questions that took each option" + (f" ({name})" if name else "")
    table = _table(title, "stage", ["option", "", ""])
    table.columns[1].justify = table.columns[2].justify = "left"
    table.columns[2].style = "cyan"
    for stage, shares in summary["options"].items():
        for position, (option, share) in enumerate(shares.items()):
            bar = "█" * round(BAR * share)
            table.add_row(stage if position == 0 else "", option, bar.ljust(BAR, "·"), percent(share))
    return table


def plain_table(*columns: str) -> "Table":
    """Return an empty table; a column whose name ends in ``>`` is aligned to the right."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        side: JustifyMethod = "right" if name.endswith(">") else "left"
        table.add_column(name.removesuffix(">"), justify=side, overflow="fold")
    return table
