"""The parts of a read corpus: documents, their files, and the parts left out."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read.

    Attributes:
        id: Path relative to the corpus folder (POSIX), or the ``id`` of a JSON line.
        title: Title of the front matter or page, first heading, or the file's name without its ending.
        text: The text, without markup where the format has any (Markdown keeps its own).
        source: Its file, in the form of :func:`~dynamicrag.retrieval.names.shown`.
        is_row: Whether it is a line with its own id.
        metadata: Metadata from the file itself, for filters; plain JSON.
    """

    id: str
    title: str
    text: str
    source: str
    is_row: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Digest of title, text and metadata."""
        kept = f"{self.title}\0{self.text}\0{json.dumps(self.metadata, sort_keys=True)}"
        return hashlib.sha256(kept.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A readable file of a corpus.

    Attributes:
        path: Its path.
        id: The document id if it has one document; unique in the corpus.
        source: The path as storable and printable text.
        below: The path below the given folder, POSIX.
    """

    path: Path
    id: str
    source: str
    below: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A part that was left out.

    Attributes:
        where: The file, with the line or page if known.
        reason: The reason, and the remedy.
        failed: Whether it should have been read; ``--strict`` refuses a corpus with any such problem. Files
            with other endings or without text are also left out, but do not count as failures.
        count: Number of lines it covers, in a file with too many problems to name each.
    """

    where: str
    reason: str
    failed: bool
    count: int = 1

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(slots=True)
class Skipped:
    """Collects the parts left out, with reasons."""

    problems: list[Problem] = field(default_factory=list)

    def fail(self, where: str, reason: str, count: int = 1) -> None:
        """Record an unreadable part."""
        self.problems.append(Problem(where, reason, failed=True, count=count))

    def note(self, where: str, reason: str) -> None:
        """Record a part left out on purpose."""
        self.problems.append(Problem(where, reason, failed=False))


def failures(problems: Iterable[Problem]) -> int:
    """Count the problems that are failures."""
    return sum(problem.count for problem in problems if problem.failed)
