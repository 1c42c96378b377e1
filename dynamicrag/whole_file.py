"""Writes files atomically: to a temporary file that replaces the target at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a file to write to; it replaces ``path`` once the block has ended without an error.

    After a failure the old file is unchanged, and no temporary file is left. A pipe or a device is written
    directly.

    Raises:
        OSError: The file cannot be moved to its place.
    """
    if is_stream(path):
        yield path
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{get_native_id()}")
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe or a device, which is written directly and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()
