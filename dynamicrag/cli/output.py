"""Output for machines: files are written whole or not at all; records survive an interruption."""

import sys
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import IO, Any

from dynamicrag.errors import InputError
from dynamicrag.extras import require
from dynamicrag.lab.json_lines import append_line, as_json, parsed_lines
from dynamicrag.whole_file import is_stream, replacing

Record = dict[str, Any]
MEND = "free the disk if it is full, and run the same command again"


def check_target(target: str | None, option: str = "--json") -> None:
    """Check before any work that a target can be written.

    Raises:
        InputError: It is a folder, or its folder is missing or not writable.
    """
    if target is None or target == "-" or is_stream(Path(target)):
        return
    path = Path(target)
    if not path.name or path.is_dir():
        raise InputError(f"{option} {path}: is a folder; give a file")
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: there is no folder {path.parent}; make it first")
    probe = path.with_name(path.name + ".partial")
    try:
        there = probe.exists()
        probe.open("ab").close()
        if not there:
            probe.unlink()
    except OSError as error:
        raise InputError(f"{option} {path}: cannot be written: {error.strerror}") from None


def check_apart(targets: Mapping[str, Path | str | None]) -> None:
    """Check that the files of a command do not overwrite each other.

    Args:
        targets: Files by option.

    Raises:
        InputError: Two options name the same file.
    """
    files = {option: Path(target) for option, target in targets.items() if target is not None}
    for (one, path), (other, same) in combinations(files.items(), 2):
        if path == same and not is_stream(path):
            raise InputError(f"{one} and {other}: both are {path}; give each a file of its own")


def write_json(target: str | None, value: Any) -> None:
    """Write one JSON document to a file, atomically, or as a line to standard output for ``-``."""
    if target == "-":
        _to_standard_output(as_json(value, plain=True) + "\n")
    elif target is not None:
        write_text(Path(target), as_json(value, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole, or leave the file that was there.

    Raises:
        InputError: It cannot be written.
    """
    data = text.encode("utf-8", "replace")
    try:
        with replacing(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}; {MEND}") from None


class JsonLines:
    """Records as JSON lines, collected in ``PATH.partial``, which is renamed to ``PATH`` at the end.

    Args:
        target: A file, ``-`` for standard output, or ``None`` for nowhere.

    Raises:
        InputError: The target cannot be written.
    """

    def __init__(self, target: str | None) -> None:
        check_target(target)
        self._stdout = target == "-"
        self._path = None if target in (None, "-") else Path(str(target))
        self._stream = self._path is not None and is_stream(self._path)
        self._file: IO[bytes] | None = None

    @property
    def partial(self) -> Path | None:
        """The file that collects records; ``None`` if the target is no regular file."""
        return None if self._stream else self._path and self._path.with_name(self._path.name + ".partial")

    def open(self, keep: Callable[[Any], bool]) -> list[Any]:
        """Begin with the records of an earlier run that ``keep`` accepts, and return them.

        Raises:
            InputError: The file cannot be written.
        """
        if self._path is None:
            return []
        if self.partial is None:
            self._file = self._path.open("wb", buffering=0)
            return []
        kept = [record for path in (self._path, self.partial) for record in _read(path) if keep(record)]
        kept = list({(record["run"], record["query_id"]): record for record in kept}.values())
        write_text(self.partial, "".join(f"{as_json(record)}\n" for record in kept))
        self._file = self.partial.open("ab", buffering=0)
        return kept

    def write(self, record: Mapping[str, Any]) -> None:
        """Write one record whole; it is on the disk when this returns.

        Raises:
            InputError: It cannot be written; the records before it are whole.
        """
        if self._stdout:
            _to_standard_output(as_json(record, plain=True) + "\n")
        elif self._file is not None:
            try:
                append_line(self._file, record)
            except OSError as error:
                self._file.close()
                kept = f"; what is answered so far is in {self.partial}" if self.partial else ""
                raise InputError(
                    f"{self._path}: cannot be written: {error.strerror or error}{kept}; {MEND}"
                ) from None

    def finish(self) -> None:
        """Rename the partial file to its final name."""
        if self._file is not None and self._path is not None:
            self._file.close()
            if self.partial is not None:
                self.partial.replace(self._path)


def _to_standard_output(line: str) -> None:
    if sys.stdout is None:
        raise InputError("--json -: standard output is closed; give a file")
    sys.stdout.write(line)
    sys.stdout.flush()


def _read(path: Path) -> list[Record]:
    if not path.is_file():
        return []
    return [record for record in parsed_lines(path.read_bytes()) if {"run", "query_id"} <= record.keys()]


def check_plot(folder: Path) -> None:
    """Check before any work that pictures can be drawn, and written to a folder.

    Raises:
        InputError: The folder cannot be made, or the extra ``lab`` is missing.
    """
    require("lab", for_="--plot")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--plot {folder}: cannot be made: {error.strerror or error}") from None
