"""Files of lines, gzipped or not, and what a line of JSON holds."""

import gzip
import json
import math
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import IO, Any

from dynamicrag.errors import InputError

MOST_CHARACTERS = 50_000_000
"""Characters of one line; what has no line feeds is no file of lines."""


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 text, gzipped where its name ends in ``.gz``.

    Lines end in a line feed alone: JSON strings may hold the other separators that ``splitlines`` knows.

    Raises:
        InputError: It cannot be read, or a line is longer than lines are.
    """
    packed = path.suffix == ".gz"
    try:
        if not path.is_file():  # a pipe that nobody writes to would be waited for without end
            path.stat()
            raise InputError(f"{path}: cannot be read: it is no regular file; save it as one")
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", newline="\n")
            if packed
            else path.open(encoding="utf-8-sig", newline="\n") as file
        ):
            number = 0
            while line := file.readline(MOST_CHARACTERS):
                number += 1
                if len(line) == MOST_CHARACTERS:
                    raise InputError(f"{path}:{number}: more than {MOST_CHARACTERS:,} characters on one line")
                yield line
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error.reason}); save it as UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def parse_line(line: str, where: str, expected: str) -> dict[str, Any]:
    """Return the mapping that a line holds; halves of surrogate pairs in its texts are replaced.

    Args:
        line: The line.
        where: File and number of the line, for messages.
        expected: What it is to hold, for messages.

    Raises:
        InputError: It holds something else.
    """
    try:
        record = _loaded(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON object ({error}); expected {expected}") from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected {expected}, got {type(record).__name__}")
    return record


def parsed_lines(lines: bytes) -> Iterator[dict[str, Any]]:
    """Yield the mappings that lines of our own hold, without the line that a killed run was writing."""
    for line in lines.split(b"\n"):
        try:
            record = _loaded(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def append_line(file: IO[bytes], record: Mapping[str, Any]) -> None:
    """Write a record as a line, whole or not at all; ``file`` is not buffered.

    Raises:
        OSError: It cannot be written.
    """
    begun = None
    with suppress(OSError, UnsupportedOperation):  # a pipe: what is in it is gone
        begun = file.tell()
    data = memoryview(f"{as_json(record)}\n".encode())
    try:
        while data:
            data = data[file.write(data) or 0 :]
    except OSError:
        if begun is not None:
            with suppress(OSError):  # a device has no length
                os.ftruncate(file.fileno(), begun)
        raise


def as_json(value: Any, *, plain: bool = False, indent: int | None = None) -> str:
    """Return JSON that every reader takes: NaN and infinity are ``null``, no half of a surrogate pair.

    Args:
        value: What to write.
        plain: Whether other characters than ASCII are escaped.
        indent: Blanks per level; by default all is on one line.
    """
    try:
        text = json.dumps(value, ensure_ascii=plain, indent=indent, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=plain, indent=indent, allow_nan=False)
    return text.encode("utf-8", "replace").decode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value


def _loaded(line: str) -> Any:
    record = json.loads(line)
    if "\\u" not in line:  # only an escape can hold half of a pair
        return record
    return json.loads(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"))
