"""Files that are whole or not there: written beside their place, and put into it at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield where to write; what was written takes the place of ``path`` once the block has ended well.

    Whatever fails leaves what was there, and nothing beside it. A pipe or a device is written to itself.

    Raises:
        OSError: It cannot be put into its place.
    """
    if is_stream(path):
        yield path
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe or a device, which is written to and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()
