"""Work after an answer, in a background thread; a failure costs a line in the log."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable

MOST = 1_000
"""Number of waiting pieces of work; further ones are dropped."""

_log = logging.getLogger(__name__)


class Background:
    """Does pieces of work one after another, in a thread that lives as long as there is work.

    A fork starts without the waiting work of its parent, which the parent does.

    Args:
        what: The loss if a piece of work fails, for the log.
        most: Number of waiting pieces of work; further ones are dropped.
    """

    def __init__(self, what: str, most: int = MOST) -> None:
        self._what = what
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()
        self.failures = 0

    def submit(self, work: Callable[[], object]) -> bool:
        """Queue a piece of work; return whether there was room. Never blocks and never fails."""
        if self._pid != os.getpid():
            self._lock, self._waiting, self._thread = threading.Lock(), deque(), None
            self._pid = os.getpid()
        with self._lock:
            if len(self._waiting) >= self._most:
                self._failed(f"{self._most} pieces of work wait already")
                return False
            self._waiting.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="dynamicrag-after", daemon=True)
                self._thread.start()
        return True

    def flush(self, timeout: float) -> bool:
        """Wait until all work submitted so far is done; return whether it is."""
        if self._pid != os.getpid():
            return True
        with self._lock:
            thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                work = self._waiting.popleft()
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the answer is given; the next work may succeed
                self._failed(f"{type(error).__name__}: {error}")

    def _failed(self, why: str) -> None:
        self.failures += 1
        level = logging.WARNING if self.failures == 1 else logging.DEBUG
        _log.log(level, "%s: %s", self._what, why)
