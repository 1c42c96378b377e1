"""The whole graph: the six stages in order, and the ways back up."""

from collections.abc import Callable
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END, START, StateGraph

from dynamicrag.graph.names import Names, channel_schema, given_schema, result_schema, state_schema
from dynamicrag.graph.node import State
from dynamicrag.graph.nodes import Nodes
from dynamicrag.types import TurnState

NODE_OF = {
    "retrieval": "retrieval",
    "retriever": "retriever",
    "context": "context",
    "prompt": "generate",
    "generator": "generate",
}
STAGE_OF = {
    "retrieval": "retrieval",
    "retriever": "retriever",
    "context": "context",
    "generate": "generator",
    "verify": "verification",
    "finish": "finish",
}
"""The nodes after the first, in order, and the stage that each begins with."""


def build_graph(nodes: Nodes, names: Names) -> "StateGraph[Any, Any, Any, Any]":
    """Return the uncompiled graph: begin → retrieval → retriever → context → generate → verify → finish."""
    # what goes in is a conversation or a question; the rest of the state is ours to make
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(
        state_schema(names), input_schema=given_schema(names), output_schema=result_schema(names)
    )
    graph.add_node("begin_turn", nodes.node("begin", "begin_turn", names))
    ours = channel_schema(names)
    for name, stage in STAGE_OF.items():
        graph.add_node(name, nodes.node(stage, name, names, begun=True), input_schema=ours)
    graph.add_edge(START, "begin_turn")
    graph.add_edge("begin_turn", "retrieval")
    graph.add_conditional_edges("retrieval", Way(_after_retrieval, names.prefix), ["retriever", "generate"])
    graph.add_conditional_edges("retriever", Way(_after_retriever, names.prefix), ["context", "finish"])
    graph.add_edge("context", "generate")
    graph.add_edge("generate", "verify")
    graph.add_conditional_edges(
        "verify", Way(_after_verify, names.prefix), [*dict.fromkeys(NODE_OF.values()), "finish"]
    )
    graph.add_edge("finish", END)
    return graph


class Way(Runnable[Any, str]):
    """The choice of the next node. A plain function would be asked in a thread under ``ainvoke``.

    Edges, although nodes that name the next one by a ``Command`` would spare LangGraph two copies of the
    state, 8 % of the time of a graph whose providers do nothing: but if the state is edited while the graph
    is paused behind such a node, the graph ends there.

    Args:
        after: Returns the next node's name.
        prefix: The name of our channel in the state.
    """

    def __init__(self, after: Callable[[TurnState], str], prefix: str) -> None:
        self.name = after.__name__
        self._after = after
        self._prefix = prefix

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input[self._prefix]["turn"])

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input[self._prefix]["turn"])


def _after_retrieval(turn: TurnState) -> str:
    return "generate" if turn["path"]["retrieval"] == "none" else "retriever"


def _after_retriever(turn: TurnState) -> str:
    return "finish" if turn["action"] == "abstain" else "context"


def _after_verify(turn: TurnState) -> str:
    redo = turn["redo"]
    return "finish" if redo is None else NODE_OF[redo]
