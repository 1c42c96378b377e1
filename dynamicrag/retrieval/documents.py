"""What a corpus is read into: documents, the files they come from, and what was left out."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read.

    Attributes:
        id: Path relative to the corpus folder (POSIX), or the ``id`` of a JSON line.
        title: First heading, ``<title>`` or the file's name without its ending.
        text: The text, without markup where the format has any (Markdown is kept as it is).
        source: The file it came from.
    """

    id: str
    title: str
    text: str
    source: Path

    @property
    def sha256(self) -> str:
        """Digest of what is indexed, title and text."""
        return hashlib.sha256(f"{self.title}\0{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A readable file of a corpus, and the document id that it has if it holds one document."""

    path: Path
    id: str


@dataclass(slots=True)
class Skipped:
    """What was left out and why: other endings as ``path``, documents as ``path[:line]: reason``."""

    endings: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
