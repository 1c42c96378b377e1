"""The objects behind the graphs: one ``DynamicRAG`` a corpus, made before the server accepts requests.

The environment names what an assistant may choose from:

- ``DYNAMICRAG_POLICY``: the first policy, a preset or a file; ``balanced`` by default.
- ``DYNAMICRAG_POLICIES``: further policies, ``frugal,quality`` or ``mine=policies/mine.yaml``.
- ``DYNAMICRAG_CORPUS``: a folder, or several by name: ``handbook=docs/handbook,faq=docs/faq``.
"""

import asyncio
import os
import reprlib
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path

from langgraph_sdk.runtime import ServerRuntime

from dynamicrag import DynamicRAG, InputError, RagContext

_lock = threading.Lock()


class Configuration(RagContext, total=False):
    """The context of a run, which an assistant keeps.

    Attributes:
        corpus: Name of a corpus of ``DYNAMICRAG_CORPUS``; by default the first.
    """

    corpus: str


def corpus_of(runtime: ServerRuntime[Configuration]) -> str:
    """Return the corpus that a run's context names; ``""`` for the first.

    Raises:
        InputError: It is no text.
    """
    running = runtime.execution_runtime
    context = running.context if running else None
    name = (context or {}).get("corpus", "")
    if not isinstance(name, str):
        raise InputError(f"context.corpus: expected the name of a corpus; got {reprlib.repr(name)}")
    return name


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:  # noqa: ARG001
    """Make the objects of all corpora before the first question, and close their books at the end.

    Raises:
        DynamicRAGError: A policy is invalid, or a model or corpus is unavailable. The server does not start.
    """
    async with AsyncExitStack() as stack:
        for name in corpora():
            rag = await stack.enter_async_context(await asyncio.to_thread(rag_of, name))
            await asyncio.to_thread(rag.warm)
        yield


def corpora() -> dict[str, str]:
    """Return the folders of the corpora by name."""
    return named(os.environ.get("DYNAMICRAG_CORPUS") or "examples/corpus")


def rag_of(corpus: str = "") -> DynamicRAG:
    """Return the object of a corpus by its name; by default of the first. May block for seconds.

    Raises:
        InputError: There is no such corpus.
    """
    known = corpora()
    name = corpus or next(iter(known))
    if name not in known:
        raise InputError(f"context.corpus: unknown corpus {name!r}; valid: {', '.join(known)}")
    with _lock:  # a cache alone would let two first requests make two
        return _made(known[name])


@cache
def _made(corpus: str) -> DynamicRAG:
    return DynamicRAG.from_policy(
        os.environ.get("DYNAMICRAG_POLICY", "balanced"),
        corpus=corpus,
        policies=dict(named(os.environ.get("DYNAMICRAG_POLICIES", ""))),
    )


def named(listed: str) -> dict[str, str]:
    """Return the parts of a list ``a=x,b=y`` by name; without a name, a part has that of its file."""
    parts = [part.strip().rpartition("=") for part in listed.split(",") if part.strip()]
    return {name.strip() or Path(value).stem: value.strip() for name, _, value in parts}
