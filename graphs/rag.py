"""The graph for LangGraph Server: ``langgraph.json`` names :func:`make_graph`.

The server calls the factory at every access, on its event loop, where blocking is an error: so the graph is
made once a corpus, in a thread. Checkpointer and store are the server's. The context configures an
assistant: its policy, weights and limits under ``rag``, and the name of its corpus.
"""

import asyncio
from functools import cache
from typing import Any

from langgraph_sdk.runtime import ServerRuntime

from dynamicrag import RagContext
from graphs.shared import rag_of


class Configuration(RagContext, total=False):
    """The context of a run.

    Attributes:
        corpus: Name of a corpus of ``DYNAMICRAG_CORPUS``; by default the first.
    """

    corpus: str


async def make_graph(runtime: ServerRuntime[Configuration]) -> Any:
    """Return the graph of the run's corpus; of the first corpus where nothing is run."""
    running = runtime.execution_runtime
    context = running.context if running else None
    return await asyncio.to_thread(_graph, (context or {}).get("corpus", ""))


@cache
def _graph(corpus: str) -> Any:
    return rag_of(corpus).build_graph(context_schema=Configuration).compile()
