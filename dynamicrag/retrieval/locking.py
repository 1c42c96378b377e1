"""The lock of a corpus: one process ingests at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from dynamicrag.errors import CorpusError

SECONDS = 600.0
"""Time to wait for another process that is ingesting."""


@contextmanager
def exclusive(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a corpus while the block runs; its folder is created if missing.

    ``waiting`` is called if another process holds the lock.

    Raises:
        CorpusError: The other process takes too long, or the folder cannot be written.
    """
    lock = FileLock(folder / "ingest.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire(timeout=SECONDS)
    except Timeout:
        raise CorpusError(
            f"{folder / 'ingest.lock'}: another process is still ingesting after "
            f"{SECONDS:g} s; wait for it, or end it"
        ) from None
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()
