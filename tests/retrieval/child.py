"""A process that ingests and, if told so, kills itself without warning.

It dies at the ``number``-th call of ``where``, ``module:Class.method`` or ``module:function``: before it if
``number`` is above 0, and else right after it.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from dynamicrag.retrieval import ingest

from .fakes import FakeEmbedder, corpus


def arm(where: str, number: int) -> None:
    module, _, path = where.partition(":")
    owner = import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    real, calls = getattr(owner, name), 0

    def armed(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if calls == -number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, armed)


class Paused(FakeEmbedder):
    """Sets one event before it embeds, and waits for another."""

    def __init__(self, begun: Any, go: Any) -> None:
        super().__init__()
        self.begun, self.go = begun, go

    def encode(self, *args, **more):
        self.begun.set()
        self.go.wait()
        return super().encode(*args, **more)


def main(docs: Path, root: Path, where: str = "", number: int = 0, events: tuple[Any, ...] = ()) -> None:
    """Ingest; between the two events the ingest stands still."""
    ingest._BATCH = 4
    if where:
        arm(where, number)
    corpus(docs, root, embedder=Paused(*events) if events else FakeEmbedder()).ingest()


def search(docs: Path, root: Path, gate: Any) -> None:
    """Search when others do, and print how many chunks were found by words and by vectors."""
    gate.wait()
    made = corpus(docs, root)
    found = len(made.lexical().search("bridge", 3)), len(made.nearest(made.embedder.embed(["b"])[0], 2))
    sys.stdout.write("{} {}".format(*found))
