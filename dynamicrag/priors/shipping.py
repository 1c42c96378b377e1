"""The prior's files in the package: each is read once, and refused if it is of another version."""

import threading
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Generic, TypeVar

from dynamicrag.errors import PolicyError
from dynamicrag.plain_values import shown

KIND = "prior of dynamicrag"
MEND = (
    "install dynamicrag again for the shipped prior, or learn it again: "
    "python -m dynamicrag.lab.priors --data DIR --out DIR"
)
_Part = TypeVar("_Part")


class Shipped(Generic[_Part]):
    """A function that returns the content of one of the files, read on first use, by any thread.

    Args:
        file: Name of the file.
        load: Reads it. Its errors are those of the call.
    """

    def __init__(self, file: str, load: Callable[[Path], _Part]) -> None:
        self._file, self._load = file, load
        self._lock = threading.Lock()
        self._read: list[_Part] = []

    def __call__(self) -> _Part:
        """Return the content.

        Raises:
            PolicyError: The file is missing, damaged, or of another version.
        """
        with self._lock:
            if not self._read:
                with as_file(files("dynamicrag.priors") / "data" / self._file) as path:
                    self._read.append(self._load(path))
        return self._read[0]


def check_version(path: Path | str, version: object, expected: int) -> None:
    """Refuse a file of another version.

    Raises:
        PolicyError: The version is another one.
    """
    if version != expected:
        raise PolicyError(
            f"{path}: the prior has version {shown(version)}, and this version of dynamicrag reads "
            f"{expected}; {MEND}"
        )
