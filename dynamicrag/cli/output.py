"""Machine-readable output: files that are whole or not there, and records that survive an interruption."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from dynamicrag.errors import InputError

Record = dict[str, Any]


def check_target(target: str | None) -> None:
    """Refuse a ``--json`` target that cannot be written, before any work.

    Raises:
        InputError: It is a folder, or its folder is missing or not writable.
    """
    if target in (None, "-"):
        return
    path = Path(str(target))
    if path.is_dir():
        raise InputError(f"--json {path}: is a folder; give a file")
    if not path.parent.is_dir():
        raise InputError(f"--json {path}: there is no folder {path.parent}; make it first")
    probe = path.with_name(path.name + ".partial")
    try:
        there = probe.exists()
        probe.open("ab").close()
        if not there:
            probe.unlink()
    except OSError as error:
        raise InputError(f"--json {path}: cannot be written: {error.strerror}") from None


def write_json(target: str | None, value: Any) -> None:
    """Write one JSON document to a file, atomically, or as a line to standard output for ``-``."""
    if target == "-":
        sys.stdout.write(json.dumps(value) + "\n")
    elif target is not None:
        write_text(Path(target), json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole, or leave what was there.

    Raises:
        InputError: It cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


class JsonLines:
    """Records, one JSON line each; gathered in ``PATH.partial``, which becomes ``PATH`` at the end.

    Args:
        target: A file, ``-`` for standard output, or ``None`` for nowhere.

    Raises:
        InputError: The target cannot be written.
    """

    def __init__(self, target: str | None) -> None:
        check_target(target)
        self._stdout = target == "-"
        self._path = None if target in (None, "-") else Path(str(target))
        self._file: IO[str] | None = None

    @property
    def partial(self) -> Path | None:
        """Where records are gathered, if it is a file."""
        return self._path and self._path.with_name(self._path.name + ".partial")

    def open(self, keep: Callable[[Record], bool]) -> list[Record]:
        """Begin, with those records of an earlier run that ``keep`` accepts, and return them."""
        if self._path is None or self.partial is None:
            return []
        kept = [record for path in (self._path, self.partial) for record in _read(path) if keep(record)]
        kept = list({(record["run"], record["query_id"]): record for record in kept}.values())
        write_text(self.partial, "".join(map(_line, kept)))
        self._file = self.partial.open("a", encoding="utf-8")
        return kept

    def write(self, record: Record) -> None:
        """Write one record, at once."""
        if self._stdout:
            sys.stdout.write(json.dumps(record) + "\n")
            sys.stdout.flush()
        elif self._file is not None:
            self._file.write(_line(record))
            self._file.flush()

    def finish(self) -> None:
        """Put the file in its place."""
        if self._file is not None and self._path is not None and self.partial is not None:
            self._file.close()
            self.partial.replace(self._path)


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _read(path: Path) -> list[Record]:
    records: list[Record] = []
    if path.is_file():
        for line in path.read_text("utf-8", "replace").split("\n"):
            try:
                record = json.loads(line)
            except ValueError:  # the line that a killed run was writing
                continue
            if isinstance(record, dict) and "run" in record and "query_id" in record:
                records.append(record)
    return records
