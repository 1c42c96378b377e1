"""A process that ingests and, if told so, kills itself without warning: ``child.py DOCS ROOT [WHERE N]``.

WHERE is ``module:Class.method`` or ``module:function``; the process dies at its N-th call, before (N > 0) or
right after (N < 0) the call.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

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


if __name__ == "__main__":
    docs, root, *rest = sys.argv[1:]
    ingest._BATCH = 4
    if len(rest) == 2:
        arm(rest[0], int(rest[1]))
    corpus(Path(docs), Path(root), embedder=FakeEmbedder(float(rest[0]) if len(rest) == 1 else 0.0)).ingest()
