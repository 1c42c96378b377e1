"""What a corpus is read into: documents, the files they come from, and what was left out."""

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
        source: The file it came from, as :func:`~dynamicrag.retrieval.names.shown` writes it.
        is_row: Whether it is a line with an id of its own.
        metadata: What the file itself says of it, for filters; plain JSON.
    """

    id: str
    title: str
    text: str
    source: str
    is_row: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Digest of what is kept: title, text and metadata."""
        kept = f"{self.title}\0{self.text}\0{json.dumps(self.metadata, sort_keys=True)}"
        return hashlib.sha256(kept.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A readable file of a corpus.

    Attributes:
        path: Where it is.
        id: The document id that it has if it holds one document; unique in the corpus.
        source: The path as text that can be stored and shown.
        below: The path below the folder that was given, POSIX.
    """

    path: Path
    id: str
    source: str
    below: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was left out.

    Attributes:
        where: The file, with the line or page if that is known.
        reason: Why, and how to mend it.
        failed: Whether it should have been read; ``--strict`` refuses a corpus with any such problem.
            A file of another ending or without text is left out as well, but nothing has failed.
        count: How many lines this stands for, where a file has too many to name each.
    """

    where: str
    reason: str
    failed: bool
    count: int = 1

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


@dataclass(slots=True)
class Skipped:
    """Collects what was left out, and why."""

    problems: list[Problem] = field(default_factory=list)

    def fail(self, where: str, reason: str, count: int = 1) -> None:
        """Note something that could not be read."""
        self.problems.append(Problem(where, reason, failed=True, count=count))

    def note(self, where: str, reason: str) -> None:
        """Note something that was left out on purpose."""
        self.problems.append(Problem(where, reason, failed=False))


def failures(problems: Iterable[Problem]) -> int:
    """Count what should have been read."""
    return sum(problem.count for problem in problems if problem.failed)
