"""Files of lines, gzipped or not, and what a line of JSON holds."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dynamicrag.errors import InputError


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 text, gzipped where its name ends in ``.gz``.

    Lines end in a line feed alone: JSON strings may hold the other separators that ``splitlines`` knows.

    Raises:
        InputError: It cannot be read.
    """
    packed = path.suffix == ".gz"
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", newline="\n")
            if packed
            else path.open(encoding="utf-8-sig", newline="\n") as file
        ):
            yield from file
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def parse_line(line: str, where: str, expected: str) -> dict[str, Any]:
    """Return the mapping that a line holds.

    Args:
        line: The line.
        where: File and number of the line, for messages.
        expected: What it is to hold, for messages.

    Raises:
        InputError: It holds something else.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON object ({error}); expected {expected}") from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected {expected}, got {type(record).__name__}")
    return record
