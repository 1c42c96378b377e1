"""Reads and writes files of JSON lines, gzipped or not."""

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
"""Most characters of a line; a file with a longer one is no file of lines."""


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 file, gzipped if its name ends in ``.gz``.

    Only a line feed ends a line: JSON strings may hold the other separators of ``splitlines``.

    Raises:
        InputError: It cannot be read, or a line is too long.
    """
    packed = path.suffix == ".gz"
    try:
        if not path.is_file():  # reading a pipe that nobody writes to would never end
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
    """Return the mapping of a line, with lone surrogates in its texts replaced.

    Args:
        line: The line.
        where: File and number of the line, for messages.
        expected: The expected content of the line, for messages.

    Raises:
        InputError: The line holds no mapping.
    """
    try:
        record = _loaded(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON object ({error}); expected {expected}") from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected {expected}, got {type(record).__name__}")
    return record


def parsed_lines(lines: bytes) -> Iterator[dict[str, Any]]:
    """Yield the mappings of lines that this package wrote, without the torn line of a killed run."""
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
    with suppress(OSError, UnsupportedOperation):  # a pipe cannot be cut back
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
    """Return JSON that every reader accepts: NaN and infinity become ``null``, lone surrogates ``?``.

    Args:
        value: The value.
        plain: Whether to escape all but ASCII.
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
