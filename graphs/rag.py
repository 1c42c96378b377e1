"""The graph for LangGraph Server: ``langgraph.json`` names :func:`make_graph`.

The server calls the factory at every access, on its event loop, where blocking is an error: so the graph is
made once a corpus, in a thread. Checkpointer and store are the server's. The context configures an
assistant: its policy, weights and limits under ``rag``, and the name of its corpus.
"""

import asyncio
from functools import cache
from typing import Any

from langgraph_sdk.runtime import ServerRuntime

from graphs.shared import Configuration, corpus_of, rag_of


async def make_graph(runtime: ServerRuntime[Configuration]) -> Any:
    """Return the graph of the run's corpus; of the first corpus where nothing is run."""
    return await asyncio.to_thread(_graph, corpus_of(runtime))


@cache
def _graph(corpus: str) -> Any:
    return rag_of(corpus).build_graph(context_schema=Configuration).compile()
