"""The graph for LangGraph Server: ``langgraph.json`` names :func:`make_graph`.

The server calls the factory at every access, so what is expensive is made once.
"""

import os
from functools import cache
from typing import Any

from dynamicrag import DynamicRAG


@cache
def _rag() -> DynamicRAG:
    return DynamicRAG.from_policy(
        os.environ.get("DYNAMICRAG_POLICY", "balanced"),
        corpus=os.environ.get("DYNAMICRAG_CORPUS", "examples/corpus"),
    )


@cache
def make_graph() -> Any:
    """Return the graph; policy and corpus by DYNAMICRAG_POLICY and DYNAMICRAG_CORPUS."""
    return _rag().build_graph().compile()
