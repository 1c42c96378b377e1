"""How a recording shows itself: its progress, and what it comes to."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import plain
from dynamicrag.cli.tables import plain_table
from dynamicrag.cli.units import joules, percent, seconds, short, usd

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.lab.record.expected import Expected

MINUTE = 60.0


def amounts(expected: "Expected") -> str:
    """Return what is left of a recording: ``12 min, 3.4 kJ``, and dollars where there are any."""
    money = expected.left("usd")
    return ", ".join([duration(expected.time_left()), joules(expected.left("joules")),
                      *([usd(money)] if money else [])])  # fmt: skip


def duration(value: float) -> str:
    """Return seconds, or minutes where there are many."""
    return seconds(value) if value < 2 * MINUTE else f"{value / MINUTE:,.0f} min"


@contextmanager
def progress(out: "Console", expected: "Expected") -> Iterator[Callable[[str], None]]:
    """Show how far a recording is: a bar on a terminal; elsewhere a line a path, and one a minute at most."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    name, left = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[left]}")
    shown = Progress(
        SpinnerColumn(), name, BarColumn(28), MofNCompleteColumn(), left,
        console=out, transient=True, disable=not out.is_terminal,
    )  # fmt: skip
    total = expected.runs
    task = shown.add_task("recording", total=total, left="")
    seen: set[str] = set()
    said = time.monotonic()

    def tell(path: str) -> None:
        nonlocal said
        shown.update(task, advance=1, description=path, left=f"{amounts(expected)} left")
        if out.is_terminal:
            return
        if path not in seen:
            out.print(f"recording {path} …", style="dim")
        seen.add(path)
        now = time.monotonic()
        if now - said >= MINUTE:
            said = now
            out.print(f"{total - expected.runs} of {total} runs done; {amounts(expected)} left", style="dim")

    with shown:
        yield tell


def print_figures(out: "Console", summary: Mapping[str, Any]) -> None:
    """Print quality and cost per path, the oracle's, and what went wrong."""
    failed = any(row["failed"] for row in summary["paths"].values())
    figures = ("n>", f"{summary['score']}>", "95 %>", "joules>", "seconds>", "tokens>")
    table = plain_table("path", *figures, *(["failed>"] if failed else []))
    table.columns[0].no_wrap = True
    for name, row in [*summary["paths"].items(), ("oracle", summary["oracle"])]:
        scored = row["quality"] is not None
        table.add_row(
            name,
            str(row.get("runs", row["scored"])),
            f"{row['quality']:.3f}" if scored else "–",
            f"{row['low']:.3f}–{row['high']:.3f}" if scored else "–",
            *(short(row[cost]) if row.get(cost) is not None else "–" for cost in ("joules", "seconds")),
            f"{row['input_tokens']:,.0f}→{row['output_tokens']:,.0f}" if row.get("input_tokens") else "–",
            *([str(row.get("failed") or "")] if failed else []),
            style="bold" if name == "oracle" else "",
        )
    out.print(table)
    shares = sorted(summary["oracle"].get("shares", {}).items(), key=lambda item: -item[1])
    if shares:
        taken = ", ".join(f"{name} {percent(share)}" for name, share in shares)
        out.print(f"oracle: the cheapest of the best paths of every question: {taken}", style="dim")
    _print_failures(out, summary["paths"])
    if "judge" in summary:
        _print_judge(out, summary["judge"])
    out.print(f"table: {summary['out']}", style="dim")


def _print_failures(out: "Console", paths: Mapping[str, Any]) -> None:
    failed = sum(row["failed"] for row in paths.values())
    if failed:
        out.print(f"{failed} runs failed; they count as quality 0, at what they cost", style="yellow")
    for name, row in paths.items():
        if row["failed"] == row["runs"]:
            out.print(plain(f"{name}: every run failed; first: {row['error']}"), style="yellow")


def _print_judge(out: "Console", judge: Mapping[str, Any]) -> None:
    if judge["disobeyed"]:
        silent = f"the judge said neither yes nor no of {judge['disobeyed']} answers"
        out.print(f"{silent}: they have no quality", style="yellow")
    for score, agreed in judge["agreement"].items():
        kappa = "–" if agreed["kappa"] is None else f"{agreed['kappa']:.2f}"
        alike = f"{percent(agreed['share'])} alike, kappa {kappa} ({agreed['pairs']} answers)"
        out.print(f"judge and {score}: {alike}")
    if judge["cost"]:
        cost = f"{joules(judge['cost']['joules'])}, {seconds(judge['cost']['seconds'])}"
        out.print(f"judging took {cost}; no path is charged for it", style="dim")
