"""The whole graph with providers that do nothing, against a bare LangGraph of as many nodes."""

from typing import Any

from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import DynamicRAG
from dynamicrag.types import Draft
from tests.bench.measure import Measure, ratio

POLICY = {
    "version": 1,
    "host": {"meter": "none"},
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


def make_retriever() -> Any:
    """Return a LangChain retriever that finds nothing; it is never asked."""
    from langchain_core.retrievers import BaseRetriever

    class Nothing(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Any]:
            return []

    return Nothing()


def bare() -> Any:
    """Return a compiled graph of seven nodes that do nothing."""
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    names = [f"n{i}" for i in range(7)]
    for name in names:
        graph.add_node(name, lambda _: {})
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    return graph.compile()


def idle() -> Any:
    """Return our compiled graph, deciding everything and doing nothing."""
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
    return rag.build_graph().compile()


def measures() -> list[Measure]:
    """Return the measures of this module."""
    ours, theirs = idle(), bare()
    value, mine, other = ratio(lambda: ours.invoke(QUESTION), lambda: theirs.invoke(QUESTION), repeat=20)
    note = f"{mine * 1e3:.2f} ms against {other * 1e3:.2f} ms"
    return [Measure("whole graph, no-op providers / bare LangGraph", value, 1.5, note)]
