"""Checks of an uploaded file: its name, its size, and whether a reader finds text in it."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from dynamicrag.errors import InputError
from dynamicrag.retrieval.documents import Skipped, SourceFile
from dynamicrag.retrieval.readers import ENDINGS, read_file

__all__ = ["Checked", "check_content", "check_name"]

LONGEST_NAME = 120
MOST_CHARACTERS = 20_000_000
"""Most text of one file, over all its documents: a small compressed file can hold very much."""
_HARMLESS = re.compile(r"[\w][\w .,()&+@'=-]*")


@dataclass(frozen=True, slots=True)
class Checked:
    """An accepted file.

    Attributes:
        documents: Number of its documents.
        note: The parts that are left out; ``""`` for none.
    """

    documents: int
    note: str


def check_name(given: str) -> str:
    """Return the name of a file without folders.

    Raises:
        InputError: No file of that name is accepted.
    """
    name = PurePosixPath(PureWindowsPath(given).name).name.strip()
    if not name or name != given.strip():
        raise InputError("the name has a folder in it; upload the file by its own name")
    if len(name.encode()) > LONGEST_NAME or not _HARMLESS.fullmatch(name):
        raise InputError(
            f"its name is not accepted; valid: letters, digits, spaces and . , ( ) & + @ ' = - _, at most "
            f"{LONGEST_NAME} bytes, without a point in front"
        )
    if not name.lower().endswith(ENDINGS):
        raise InputError(f"no reader for this ending; valid: {', '.join(ENDINGS)}")
    return name


def check_content(path: Path, name: str, most: int) -> Checked:
    """Read a file of at most ``most`` bytes as ingestion would, and return what it holds. Blocks.

    Raises:
        InputError: It is too large, unreadable or empty.
    """
    size = path.stat().st_size
    if size > most:
        raise InputError(f"{size:,} bytes; at most {most:,}")
    skipped, documents, characters = Skipped(), 0, 0
    for document in read_file(SourceFile(path, name, name, name), skipped):
        documents += bool(document.text.strip())
        characters += len(document.text)
        if characters > MOST_CHARACTERS:
            raise InputError(f"its text is too long; at most {MOST_CHARACTERS:,} characters")
    problems = [problem.reason for problem in skipped.problems]
    if not documents:
        raise InputError(problems[0] if problems else "it has no text")
    return Checked(documents, "; ".join(problems[:3]))
