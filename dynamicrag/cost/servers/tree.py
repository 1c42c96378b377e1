"""The CPU time of a process with all its children, also of those that have ended."""

import time
from collections.abc import Sequence
from typing import Any

import psutil

__all__ = ["ProcessTree"]

FRESH = 1.0
"""Seconds for which a list of children counts as complete: listing them reads all processes of the host."""


class ProcessTree:
    """A server's processes: runners and workers are its children, and may come and go.

    A parent's CPU time includes that of its children that have ended, on Linux. Elsewhere the time of such a
    child since the last reading is lost.

    Args:
        roots: The processes that listen, as psutil's.
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self.roots = tuple(roots)
        self._known: dict[int, Any] = {process.pid: process for process in roots}
        self._listed = -FRESH

    @property
    def key(self) -> str:
        """The processes by their ids, the same for all clients of the server."""
        return ",".join(str(process.pid) for process in sorted(self.roots, key=lambda each: each.pid))

    @property
    def pids(self) -> frozenset[int]:
        """The ids of all its processes, as far as known."""
        return frozenset(self._known)

    def running(self) -> bool:
        """Return whether its roots still run; a reused process id does not count."""
        return all(process.is_running() for process in self.roots)

    def refresh(self) -> None:
        """List the children again at the next reading: they may have come within the last second."""
        self._listed = -FRESH

    def cpu_seconds(self, least: float = 0.0) -> float:
        """Return the CPU time of all processes so far, in seconds.

        Args:
            least: The CPU time that another reading has found. Below it the children are listed again: the
                other may know more of them.

        Raises:
            psutil.Error: A root has ended, or may not be read.
        """
        total = self._sum()
        if total < least:
            self.refresh()
            total = self._sum()
        return total

    def _sum(self) -> float:
        self._list()
        total = sum(_seconds(process) for process in self.roots)
        for process in [each for each in self._known.values() if each not in self.roots]:
            try:
                total += _seconds(process)
            except psutil.Error:  # it has ended, and its parent has its time
                del self._known[process.pid]
        return total

    def _list(self) -> None:
        if time.monotonic() - self._listed < FRESH:
            return
        for root in self.roots:
            for child in root.children(recursive=True):
                if self._known.get(child.pid) != child:
                    self._known[child.pid] = child
        self._listed = time.monotonic()


def _seconds(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
