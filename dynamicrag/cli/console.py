"""The consoles: commands print through nothing else."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Report = Callable[[int, int, str], None]
"""Reports progress: bytes or items done, in total (0: not known), and a label."""


def console(stderr: bool = False) -> "Console":
    """Return a console of standard output, or of standard error.

    A console takes its width when it is made, so none outlives its command. Markup is off: questions,
    answers and paths may hold brackets. Only the console itself sends control codes.
    """
    return _console_class()(stderr=stderr, markup=False, highlight=False, emoji=False)


@cache
def _console_class() -> "type[Console]":
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class PlainConsole(Console):
        """Sends no control codes but those of its own styles."""

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else plain(text), style, control)

    return PlainConsole


def human(json: str | None) -> "Console":
    """Return the console of messages: standard error if JSON has standard output."""
    return console(stderr=json == "-")


def fail(message: str) -> None:
    """Print an error as one red line on standard error."""
    line = " ".join(plain(message).split())
    console(stderr=True).print(f"error: {line}" if not line.startswith("interrupted") else line,
                               style="red", soft_wrap=True)  # fmt: skip


def plain(text: str) -> str:
    """Return ``text`` without control characters, and with spaces that a search finds.

    Models and documents are untrusted; figures are written with spaces that do not break.
    """
    return _CONTROL.sub("", text).replace("\u00a0", " ")


def joined(*parts: "str | tuple[str, str]") -> "Text":
    """Return a text of plain and ``(text, style)`` parts."""
    from rich.text import Text

    return Text.assemble(*parts)


@contextmanager
def bar(out: "Console", *, size: bool = False) -> Iterator[Report]:
    """Show progress while the block runs: a bar on a terminal, one line a label elsewhere.

    Args:
        out: The console.
        size: Whether it counts bytes.
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    counts: list[ProgressColumn] = (
        [DownloadColumn(), TransferSpeedColumn()] if size else [MofNCompleteColumn()]
    )
    text = TextColumn("{task.description}", markup=False)
    progress = Progress(
        SpinnerColumn(), text, BarColumn(28), *counts, TimeRemainingColumn(),
        console=out, transient=True, disable=not out.is_terminal,
    )  # fmt: skip
    tasks: dict[str, TaskID] = {}

    def report(done: int, total: int, label: str) -> None:
        if label not in tasks:
            tasks[label] = progress.add_task(label, total=None)
            if not out.is_terminal:
                out.print(f"{label} …", style="dim")
        progress.update(tasks[label], completed=done, total=total or None)

    with progress:
        yield report


def quiet() -> None:
    """Silence the warnings of libraries; errors still pass, each on one line."""
    import os
    import warnings

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "false")
    warnings.simplefilter("ignore")
    for name in ("codecarbon", "chromadb", "sentence_transformers", "transformers", "httpx", "bm25s"):
        logger = logging.getLogger(name)
        # a filter stays, where a library sets its own level
        if not any(item is _only_errors for item in logger.filters):
            logger.addFilter(_only_errors)
    logging.lastResort = _OneLine(logging.WARNING)


class _OneLine(logging.Handler):
    """Prints a warning on one line; its text may be of a provider, a model or a document."""

    def emit(self, record: logging.LogRecord) -> None:
        line = " ".join(plain(record.getMessage()).split())
        console(stderr=True).print(f"{record.levelname.lower()}: {line}", style="yellow", soft_wrap=True)


def _only_errors(record: object) -> bool:
    return getattr(record, "levelno", 0) >= 40
