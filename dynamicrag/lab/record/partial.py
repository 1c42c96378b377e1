"""``OUT.partial``: what long work has done so far, as JSON lines, while ``OUT`` is in the making.

Every line is on the disk before the next is written. So work that is killed at any moment has lost
nothing that was finished, and at most the last line is torn.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from dynamicrag.errors import InputError
from dynamicrag.lab.json_lines import append_line, parsed_lines


class Partial:
    """The file; a context manager that keeps others from it.

    Args:
        out: The file to be.
        endings: Those that its name may have.
        doing: What the work is called.

    Attributes:
        path: The partial file.

    Raises:
        InputError: The file cannot be written, or is in use.
    """

    def __init__(self, out: Path, endings: tuple[str, ...], doing: str) -> None:
        if out.is_dir() or not out.parent.is_dir():
            what = "is a folder; give a file" if out.is_dir() else f"there is no folder {out.parent}"
            raise InputError(f"--out {out}: {what}")
        if not out.name.endswith(endings):
            raise InputError(f"--out {out}: valid endings: {', '.join(endings)}")
        self._out = out
        self._doing = doing
        self.path = out.with_name(f"{out.name}.partial")
        self._lock = FileLock(out.with_name(f"{out.name}.lock"))
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "Partial":
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            busy = f"another {self._doing} is writing it; wait for it, or end it"
            raise InputError(f"{self._out}: {busy}") from None
        except OSError as error:
            raise InputError(f"--out {self._out}: cannot be written: {error.strerror or error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if not self.path.stat().st_size:
                self.path.unlink()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def open(self, *, fresh: bool = False) -> Iterator[dict[str, Any]]:
        """Go on behind the last whole line, and return the records so far; ``fresh`` drops them."""
        whole = b""
        if fresh:
            self.path.unlink(missing_ok=True)
        elif self.path.exists():
            data = self.path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
        self._file = self.path.open("r+b" if self.path.exists() else "wb", buffering=0)
        self._file.truncate(len(whole))  # the line that a killed run was writing
        self._file.seek(len(whole))
        return parsed_lines(whole)

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is on the disk when this returns.

        Raises:
            InputError: It cannot be written; what was written before is whole.
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
        """Drop all records: what they were kept for is done."""
        assert self._file is not None
        self._file.truncate(0)
