"""The consoles: commands print through nothing else."""

import logging
import os
import re
import warnings
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class PlainConsole(Console):
    """Prints text as it is, without control codes but those of its own styles.

    Markup is off: questions, answers and paths may hold brackets. A console takes its width when it is made,
    so none outlives its command.

    Args:
        stderr: Whether it prints on standard error.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, highlight=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a text without control characters."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else plain(text), style, control)


def fail(message: str) -> None:
    """Print an error as one red line on standard error."""
    line = " ".join(plain(message).split())
    PlainConsole(stderr=True).print(f"error: {line}" if not line.startswith("interrupted") else line,
                               style="red", soft_wrap=True)  # fmt: skip


def plain(text: str) -> str:
    """Return ``text`` without control characters, and with spaces that a search finds.

    Models and documents are untrusted; figures are written with spaces that do not break.
    """
    return _CONTROL.sub("", text).replace("\u00a0", " ")


def joined(*parts: str | tuple[str, str]) -> Text:
    """Return a text of plain and ``(text, style)`` parts."""
    return Text.assemble(*parts)


def quiet() -> None:
    """Silence the warnings of libraries; errors still pass, each on one line."""
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
        PlainConsole(stderr=True).print(f"{record.levelname.lower()}: {line}", style="yellow", soft_wrap=True)


def _only_errors(record: object) -> bool:
    return getattr(record, "levelno", 0) >= 40
