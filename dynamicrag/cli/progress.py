"""Progress of long work: bars on a terminal, and lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from dynamicrag.cost.amounts import amount
from dynamicrag.lab.view.amounts import duration

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from dynamicrag.lab.record.remaining import Remaining
    from dynamicrag.lab.synthesize.results import KindResult

MINUTE = 60.0

Report = Callable[[int, int, str], None]
"""Reports progress: bytes or items done, in total (0: not known), and a label."""


def forecast(seconds: float, joules: float, usd: float) -> str:
    """Return the expected time and cost of work: ``12 min, 3.4 kJ``, and dollars if any."""
    return ", ".join([duration(seconds), amount("joules", joules), *([amount("usd", usd)] if usd else [])])


def of_recording(remaining: "Remaining") -> str:
    """Return the expected time and cost of the rest of a recording."""
    return forecast(remaining.time_left(), remaining.left("joules"), remaining.left("usd"))


def of_synthesis(kinds: "Mapping[str, KindResult]", workers: int = 1) -> str:
    """Return the expected time and cost of the rest of a synthesis."""
    left = {d: sum(own.left(d) for own in kinds.values()) for d in ("seconds", "joules", "usd")}
    return forecast(left["seconds"] / workers, left["joules"], left["usd"])


@contextmanager
def bar(out: Console, *, size: bool = False) -> Iterator[Report]:
    """Show progress while the block runs: a bar on a terminal, one line a label elsewhere.

    Args:
        out: The console.
        size: Whether it counts bytes.
    """
    from rich.progress import (
        DownloadColumn,
        MofNCompleteColumn,
        TaskID,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    counts = (DownloadColumn(), TransferSpeedColumn()) if size else (MofNCompleteColumn(),)
    shown = _bars(out, *counts, TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}

    def report(done: int, total: int, label: str) -> None:
        if label not in tasks:
            tasks[label] = shown.add_task(label, total=None)
            if not out.is_terminal:
                out.print(f"{label} …", style="dim")
        shown.update(tasks[label], completed=done, total=total or None)

    with shown:
        yield report


def _bars(out: Console, *columns: "ProgressColumn") -> "Progress":
    """Return bars with their names, and with ``columns`` behind them; none off a terminal."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    return Progress(
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(28), *columns,
        console=out, transient=True, disable=not out.is_terminal,
    )  # fmt: skip


@contextmanager
def bars(out: Console, totals: Mapping[str, int]) -> "Iterator[Callable[[str, int, str, str], None]]":
    """Show a bar per task on a terminal while the block runs, and nothing elsewhere.

    Yields a function of a task, the number done, the bar's name and the text behind it.

    Args:
        out: The console.
        totals: The number of items by task.
    """
    from rich.progress import MofNCompleteColumn, TextColumn

    shown = _bars(out, MofNCompleteColumn(), TextColumn("{task.fields[about]}", markup=False))
    tasks = {name: shown.add_task(name, total=total, about="") for name, total in totals.items()}

    def show(task: str, done: int, name: str, about: str) -> None:
        shown.update(tasks[task], completed=done, description=name, about=about)

    with shown:
        yield show


@contextmanager
def recording(out: Console, remaining: "Remaining") -> Iterator[Callable[[str], None]]:
    """Show the progress of a recording; off a terminal, a line per path and at most one per minute."""
    total, seen, last = remaining.runs, set[str](), time.monotonic()

    with bars(out, {"recording": total}) as show:

        def progress(path: str) -> None:
            nonlocal last
            done, left = total - remaining.runs, of_recording(remaining)
            show("recording", done, path, f"{left} left")
            if out.is_terminal:
                return
            if path not in seen:
                out.print(f"recording {path} …", style="dim")
            seen.add(path)
            now = time.monotonic()
            if now - last >= MINUTE:
                last = now
                out.print(f"{done} of {total} runs done; {left} left", style="dim")

        yield progress


@contextmanager
def synthesis(
    out: Console, kinds: "Mapping[str, KindResult]", workers: int
) -> Iterator[Callable[[str], None]]:
    """Show the progress of a synthesis by kind of question; off a terminal, a line per batch."""
    printed: dict[str, int] = {}

    with bars(out, {kind: own.wanted for kind, own in kinds.items()}) as show:

        def progress(kind: str) -> None:
            own, left = kinds[kind], of_synthesis(kinds, workers)
            kept, tried = len(own.kept), own.tried
            show(kind, kept, kind, f"kept, {tried} tried, {left} left")
            if tried and printed.get(kind) != tried and not out.is_terminal:
                line = f"{kind}: {kept} of {own.wanted} kept, {tried} tried; {left} left"
                out.print(line, style="dim")
            printed[kind] = tried

        yield progress
