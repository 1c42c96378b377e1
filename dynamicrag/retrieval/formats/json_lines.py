"""Reads JSON lines: a document per line, plain or compressed.

A bad line is reported, and the others are read.
"""

import codecs
import gzip
import json
import reprlib
import zlib
from collections.abc import Iterator
from contextlib import closing
from gzip import GzipFile
from io import BufferedReader
from typing import Any

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats.clean import one_line, tidy
from dynamicrag.retrieval.formats.text import decode, encoding_of
from dynamicrag.retrieval.limits import EXPANSION, EXPANSION_FROM, MOST_LINE, MOST_NAMED
from dynamicrag.retrieval.metadata import plain_metadata

_FORM = 'expected {"id": "...", "title": "...", "text": "..."}'
_SAMPLE = 65_536


def read_json_lines(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read a file of JSON lines, ``.jsonl`` or ``.jsonl.gz``."""
    bad = _Bad(file.source, skipped)
    try:
        for number, line in enumerate(_lines(file), 1):
            if line is None:
                bad.line(number, f"longer than {MOST_LINE // 1_000_000} MB")
            elif line.strip():
                try:
                    document = _document(line, file)
                except CorpusError as error:
                    bad.line(number, str(error))
                else:
                    if document.text.strip():
                        yield document
                    else:
                        bad.empty(number)
    except CorpusError as error:
        skipped.fail(file.source, str(error))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        skipped.fail(file.source, f"broken gzip file ({error}), read up to there; fetch or compress it again")
    bad.close()


class _Bad:
    """Reports the first lines left out, and counts the others."""

    def __init__(self, source: str, skipped: Skipped) -> None:
        self.source = source
        self.skipped = skipped
        self._failed = self._empty = 0

    def line(self, number: int, reason: str) -> None:
        self._failed += 1
        if self._failed <= MOST_NAMED:
            self.skipped.fail(f"{self.source}:{number}", reason)

    def empty(self, number: int) -> None:
        self._empty += 1
        if self._empty <= MOST_NAMED:
            self.skipped.note(f"{self.source}:{number}", "no text")

    def close(self) -> None:
        if (more := self._failed - MOST_NAMED) > 0:
            self.skipped.fail(self.source, f"{more:,} more lines that cannot be read", more)
        if (more := self._empty - MOST_NAMED) > 0:
            self.skipped.note(self.source, f"{more:,} more lines without text")


def _lines(file: SourceFile) -> Iterator[str | None]:
    """Yield the lines as text, and ``None`` for a line that is too long.

    Raises:
        CorpusError: A compressed file expands too much.
    """
    compressed = file.path.suffix.lower() == ".gz"
    room = max(EXPANSION_FROM, EXPANSION * file.path.stat().st_size) if compressed else None
    with file.path.open("rb") as raw, closing(GzipFile(fileobj=raw) if compressed else raw) as content:
        start = content.read(_SAMPLE)
        content.seek(0)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            yield from decode(content.read(EXPANSION_FROM)).split("\n")
            if content.read(1):
                most = f"{EXPANSION_FROM // 1_000_000} MB"
                raise CorpusError(f"more than {most} of UTF-16, read up to there; convert it to UTF-8")
            return
        legacy = ""
        for line in _bounded(content, room):
            if line is None:
                yield None
                continue
            try:
                yield line.decode("utf-8-sig")
            except UnicodeDecodeError:
                legacy = legacy or _legacy(start, line)
                yield line.decode(legacy, "replace")


def _bounded(content: GzipFile | BufferedReader, room: int | None) -> Iterator[bytes | None]:
    """Yield the lines, and ``None`` for a line that is too long; ``room`` limits the total."""
    too_long = False
    while line := content.readline(MOST_LINE + 1):
        if room is not None and (room := room - len(line)) < 0:
            raise CorpusError(f"expands to more than {EXPANSION} times its size; read up to there")
        ended = line.endswith(b"\n") or len(line) <= MOST_LINE
        if not too_long and ended:
            yield line
        elif not too_long:
            yield None
        too_long = not ended


def _legacy(start: bytes, line: bytes) -> str:
    """Return the encoding of lines that are not UTF-8, detected from the start of the file if possible."""
    for sample in (start[: start.rfind(b"\n") + 1], line):
        try:
            if (name := encoding_of(sample)) != "utf-8":
                return name
        except CorpusError:
            continue
    return "utf-8"


def _document(line: str, file: SourceFile) -> Document:
    """Return the document of a line.

    Raises:
        CorpusError: The line is not a document.
    """
    row = _row(line)
    name, title, text = row.get("id"), row.get("title"), row.get("text")
    title = "" if title is None else title
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    for key, value in (("id", name), ("title", title), ("text", text)):
        if not isinstance(value, str):
            state = f"is {reprlib.repr(value)}" if key in row else "is missing"
            raise CorpusError(f"{key!r} {state}; {_FORM}")
    assert isinstance(name, str)
    assert isinstance(text, str)
    if not one_line(name):
        raise CorpusError(f"'id' is empty; {_FORM}")
    about = plain_metadata({key: value for key, value in row.items() if key not in ("id", "title", "text")})
    return Document(one_line(name), one_line(title), tidy(text)[0], file.source, is_row=True, metadata=about)


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"not a JSON line ({error}); {_FORM}") from error
    if not isinstance(row, dict):
        raise CorpusError(f"{_FORM}, got {type(row).__name__}")
    return row
