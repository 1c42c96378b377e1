"""The whole graph with providers that do nothing, against a bare LangGraph of as many nodes."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import DynamicRAG
from dynamicrag.types import Draft
from tests.bench.measure import Measure, ratio

POLICY = {
    "version": 1,
    "host": {"meter": "none"},
    "runs": {"keep": 0},
    "models": {"small": {"model": "openai:small"}, "large": {"model": "openai:large"}},
    "stages": {
        "retrieval": {"options": ["single"]},
        "retriever": {"options": {"none": {"langchain": {"path": "tests.bench.graph:make_retriever"}}}},
        "context": {"options": {"short": {"chunks": 2}, "long": {"chunks": 8}}, "router": "heuristic"},
        "generator": {"router": "heuristic"},
        "verification": {"options": ["accept", "abstain"], "router": "thresholds"},
    },
}
QUESTION = {"messages": [("user", "Who opened the bridge?")]}
GOAL = 1.5


def make_retriever() -> Any:
    """Return a LangChain retriever that finds nothing; it is never asked."""
    from langchain_core.retrievers import BaseRetriever

    class Nothing(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Any]:
            return []

    return Nothing()


def bare() -> "StateGraph[Any, Any, Any, Any]":
    """Return a graph of seven nodes that do nothing."""
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    names = [f"n{i}" for i in range(7)]
    for name in names:
        graph.add_node(name, lambda _: {})
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    return graph


def idle() -> "StateGraph[Any, Any, Any, Any]":
    """Return our graph, deciding everything and doing nothing."""
    rag = DynamicRAG.from_policy(POLICY)

    async def generate(*_: Any) -> dict[str, Any]:
        return {
            "draft": Draft(text="a", message_id="", model="small", streamed=False, dropped=[], signals={})
        }

    async def nothing(*_: Any) -> dict[str, Any]:
        return {}

    for name, stage in rag.pipeline.stages.items():
        if name != "verification":
            stage.act = generate if name == "generator" else nothing  # type: ignore[assignment,method-assign]
    return rag.build_graph()


def measures() -> list[Measure]:
    """Return the measures of this module."""
    return [
        _measure(
            f"graph, {how}, {'InMemorySaver' if saved else 'no checkpointer'} / bare LangGraph", how, saved
        )
        for saved in (False, True)
        for how in ("sync", "async")
    ]


def _measure(name: str, how: str, saved: bool) -> Measure:
    run = _sync if how == "sync" else _async
    ours, theirs = (
        graph.compile(checkpointer=InMemorySaver() if saved else None) for graph in (idle(), bare())
    )
    value, mine, other = ratio(run(ours, saved), run(theirs, saved), repeat=20)
    return Measure(name, value, GOAL, f"{mine * 1e3:.2f} ms against {other * 1e3:.2f} ms")


def _sync(app: Any, saved: bool) -> Callable[[], Any]:
    threads = count()
    return lambda: app.invoke(QUESTION, _config(threads, saved))


def _async(app: Any, saved: bool) -> Callable[[], Any]:
    threads = count()
    runner = asyncio.Runner()

    async def ask() -> Any:
        return await app.ainvoke(QUESTION, _config(threads, saved))

    return lambda: runner.run(ask())


def _config(threads: Any, saved: bool) -> dict[str, Any]:
    return {"configurable": {"thread_id": str(next(threads))}} if saved else {}
