"""An agent for LangGraph Server: its tool is the graph over the documents, and its model calls are routed.

The context configures an assistant as for ``graphs/rag.py``. The policy needs models that can call tools;
small local models often write a tool call as text.
"""

import asyncio
from functools import cache
from typing import Any

from langchain.agents import create_agent
from langgraph_sdk.runtime import ServerRuntime

from dynamicrag import DynamicRAGMiddleware, RoutedChatModel
from graphs.shared import Configuration, corpus_of, rag_of

PROMPT = "You answer questions. Look facts up with the tool, and say where they are from."


async def make_graph(runtime: ServerRuntime[Configuration]) -> Any:
    """Return the agent over the run's corpus; over the first corpus where nothing is run."""
    return await asyncio.to_thread(_agent, corpus_of(runtime))


@cache
def _agent(corpus: str) -> Any:
    rag = rag_of(corpus)
    return create_agent(
        RoutedChatModel(rag=rag),
        [rag.as_tool("documents", "Answers a question from the documents.")],
        system_prompt=PROMPT,
        middleware=[DynamicRAGMiddleware(rag)],
        context_schema=Configuration,
    )
