"""Reports of the progress of long work."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with the steps done, all steps, and the name of the work."""


def unreported(done: int, total: int, work: str) -> None:
    """Take a report that nobody waits for."""
