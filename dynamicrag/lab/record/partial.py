"""``OUT.partial``: the finished steps of long work, as JSON lines, until ``OUT`` is complete.

Every line is on the disk before the next is written. Work that is killed loses no finished step; at most
its last line is torn.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from dynamicrag.errors import InputError
from dynamicrag.lab.json_lines import append_line, parsed_lines


class Partial:
    """The partial file; a context manager that locks it against other processes.

    Args:
        out: The final file.
        endings: Endings that its name may have.
        work: Name of the work, in messages.

    Attributes:
        path: The partial file.

    Raises:
        InputError: The file cannot be written, or is in use.
    """

    def __init__(self, out: Path, endings: tuple[str, ...], work: str) -> None:
        if out.is_dir() or not out.parent.is_dir():
            what = "is a folder; give a file" if out.is_dir() else f"there is no folder {out.parent}"
            raise InputError(f"--out {out}: {what}")
        if not out.name.endswith(endings):
            raise InputError(f"--out {out}: valid endings: {', '.join(endings)}")
        self._out = out
        self._work = work
        self.path = out.with_name(f"{out.name}.partial")
        self._lock = FileLock(out.with_name(f"{out.name}.lock"))
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "Partial":
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            busy = f"another {self._work} is writing it; wait for it, or stop it"
            raise InputError(f"{self._out}: {busy}") from None
        except OSError as error:
            raise InputError(f"--out {self._out}: cannot be written: {error.strerror or error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if not self.path.stat().st_size:
                self.path.unlink()
        # a process that locked the file between its release and its end would hold the lock of no file
        with suppress(OSError):  # Windows removes no open file
            Path(self._lock.lock_file).unlink()
        self._lock.release()

    def open(self, *, fresh: bool = False) -> Iterator[dict[str, Any]]:
        """Return the records so far and continue behind the last whole line; ``fresh`` drops all records."""
        whole = b""
        if fresh:
            self.path.unlink(missing_ok=True)
        elif self.path.exists():
            data = self.path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
        self._file = self.path.open("r+b" if self.path.exists() else "wb", buffering=0)
        self._file.truncate(len(whole))  # drops the line that a killed run was writing
        self._file.seek(len(whole))
        return parsed_lines(whole)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is on the disk when this returns.

        Raises:
            InputError: It cannot be written; the records before it are whole.
        """
        assert self._file is not None
        try:
            append_line(self._file, record)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise InputError(
                f"{self._out}: cannot be written: {error.strerror or error}; what is done so far is in "
                f"{self.path}: free the disk if it is full, and run the same command again"
            ) from None

    def clear(self) -> None:
        """Drop all records, when the final file is in place."""
        assert self._file is not None
        self._file.truncate(0)
