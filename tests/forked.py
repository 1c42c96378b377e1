"""Processes that fork from one that has imported the package: a fresh one takes seconds for that alone.

They share nothing else with the test's process. They have its environment variables and the repository as
their working directory.
"""

import contextlib
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
IMPORTED = [
    "bm25s",
    "chromadb",
    "langgraph.checkpoint.postgres",
    "langgraph.checkpoint.sqlite",
    "tests.faces.langchain.elsewhere",
    "tests.graph.asked_elsewhere",
    "tests.graph.elsewhere",
    "tests.retrieval.child",
    "tests.store.writers",
]
"""Modules that start no thread when they are imported, for a fork has none but its own."""
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(IMPORTED)


class Forked:
    """A process that calls a function.

    Args:
        function: A function of a module.
        args: What it is called with.
        env: Environment variables besides those of this process.

    Attributes:
        stdout: What it prints, and the traceback if it fails; lines of text.
    """

    def __init__(self, function: Callable[..., object], *args: Any, env: Mapping[str, str] | None = None):
        read, write = CONTEXT.Pipe(duplex=False)
        everything = {**os.environ, **(env or {})}
        self._process = CONTEXT.Process(target=_call, args=(write, everything, function, args), daemon=True)
        with contextlib.chdir(ROOT):  # where the first one finds what it imports
            self._process.start()
        write.close()
        self.stdout = os.fdopen(os.dup(read.fileno()))
        read.close()

    def wait(self) -> int | None:
        """Wait for its end and close its output; return its code, minus the signal that killed it."""
        self.stdout.close()
        self._process.join()
        return self._process.exitcode

    def result(self) -> str:
        """Return all that it has printed; it must not fail."""
        printed = self.stdout.read()
        assert self.wait() == 0, printed
        return printed

    def kill(self) -> None:
        """Kill it without warning."""
        self._process.kill()


def _call(
    write: Any, env: Mapping[str, str], function: Callable[..., object], args: tuple[object, ...]
) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.dup2(write.fileno(), 1)
    write.close()
    sys.stdout = os.fdopen(1, "w", closefd=False)
    try:
        function(*args)
    except Exception:  # noqa: BLE001 - whatever it is, the test shows it
        traceback.print_exc(file=sys.stdout)
        raise SystemExit(1) from None
    finally:
        sys.stdout.flush()
