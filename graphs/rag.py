"""The graph for LangGraph Server: ``langgraph.json`` names :func:`make_graph`.

The server calls the factory at every access, on its event loop, where blocking is an error: so the
graph is made once, in a thread. Checkpointer and store are the server's.
"""

import asyncio
import os
import threading
from functools import cache
from typing import Any

from dynamicrag import DynamicRAG

_lock = threading.Lock()


async def make_graph() -> Any:
    """Return the graph; DYNAMICRAG_POLICY and DYNAMICRAG_CORPUS set policy and corpus."""
    return await asyncio.to_thread(_make)


def _make() -> Any:
    with _lock:  # a cache alone would let two first requests make two
        return _graph()


@cache
def _graph() -> Any:
    rag = DynamicRAG.from_policy(
        os.environ.get("DYNAMICRAG_POLICY", "balanced"),
        corpus=os.environ.get("DYNAMICRAG_CORPUS", "examples/corpus"),
    )
    return rag.build_graph().compile()
