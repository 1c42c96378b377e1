"""How the making of questions shows itself: its progress, and what became of the attempts."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import plain
from dynamicrag.cli.record_tables import duration
from dynamicrag.cli.tables import plain_table
from dynamicrag.cli.units import joules, percent, usd

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.lab.synthesize.tally import Tally

SHOWN = 3
"""Questions of each kind that are shown."""
NO_RETRIEVAL = ("greeting", "general", "rewrite")

Tallies = Mapping[str, "Tally"]


def _left(tallies: Tallies, workers: int = 1) -> str:
    amounts = {d: sum(tally.left(d) for tally in tallies.values()) for d in ("seconds", "joules", "usd")}
    money = [usd(amounts["usd"])] if amounts["usd"] else []
    return ", ".join([duration(amounts["seconds"] / workers), joules(amounts["joules"]), *money])


def announce(out: "Console", tallies: Tallies, done: int) -> None:
    """Say what is wanted and what it may take."""
    parts = ", ".join(f"{tally.wanted} {kind}" for kind, tally in tallies.items())
    before = f"; {done} steps were done before" if done else ""
    out.print(f"{parts}; at a first guess {_left(tallies)}{before}")


@contextmanager
def progress(out: "Console", tallies: Tallies, workers: int) -> Iterator[Callable[[str], None]]:
    """Show how many questions are kept and what is left: a bar on a terminal, a line a batch elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    shown = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(28), MofNCompleteColumn(),
        TextColumn("kept, {task.fields[tried]} tried, {task.fields[left]} left"),
        console=out, transient=True, disable=not out.is_terminal,
    )  # fmt: skip
    tasks = {
        kind: shown.add_task(kind, total=tally.wanted, tried=0, left="–") for kind, tally in tallies.items()
    }
    said: dict[str, int] = {}

    def tell(kind: str) -> None:
        tally = tallies[kind]
        left = _left(tallies, workers)
        shown.update(tasks[kind], completed=len(tally.kept), tried=tally.tried, left=left)
        if said.get(kind) != tally.tried and tally.tried and not out.is_terminal:
            out.print(
                f"{kind}: {len(tally.kept)} of {tally.wanted} kept, {tally.tried} tried; {left} left",
                style="dim",
            )
        said[kind] = tally.tried

    with shown:
        yield tell


def print_made(out: "Console", summary: Mapping[str, Any]) -> None:
    """Print the share kept and why others were not, and questions to judge by."""
    table = plain_table("kind", "wanted>", "tried>", "kept>", "share>", "joules>", "refused because")
    table.columns[0].no_wrap = True
    for kind, row in summary["kinds"].items():
        why = ", ".join(f"{reason} {number}" for reason, number in row["reasons"].items())
        took = joules(row["cost"]["joules"]["value"]) if row["cost"] else "–"
        table.add_row(
            kind, str(row["wanted"]), str(row["tried"]), str(row["kept"]), percent(row["share"]), took, why
        )
    out.print()
    out.print(table)
    for kind, row in summary["kinds"].items():
        _print_samples(out, kind, row, summary["questions"])
    short = [f"{row['kept']} of {row['wanted']} {kind}" for kind, row in summary["kinds"].items()
             if row["kept"] < row["wanted"]]  # fmt: skip
    if short:
        out.print(
            f"fewer than wanted: {', '.join(short)}; a larger corpus or a stronger --model gives more",
            style="yellow",
        )
    if summary["cost"]:
        cost = summary["cost"]
        out.print(
            f"{len(summary['questions'])} questions for {joules(cost['joules']['value'])} "
            f"{cost['joules']['kind']} active, {duration(cost['seconds']['value'])} of calls",
            style="dim",
        )
    out.print(f"questions: {plain(summary['out'])}; read them before you rely on them", style="dim")


def _print_samples(
    out: "Console", kind: str, row: Mapping[str, Any], questions: list[Mapping[str, Any]]
) -> None:
    types = NO_RETRIEVAL if kind == "none" else (kind,)
    kept = [one for one in questions if one["type"] in types][:SHOWN]
    if not kept and not row["refused"]:
        return
    out.print()
    out.print(kind, style="bold")
    for one in kept:
        answers = " / ".join(one["answers"]) or ("–" if kind == "none" else "unanswerable")
        out.print(plain(f"  ✓ {one['question']} → {answers}"), soft_wrap=True)
    for reason, texts in row["refused"].items():
        out.print(plain(f"  ✗ {reason}: {texts[0]}"), style="dim", soft_wrap=True)
