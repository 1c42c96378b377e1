"""The whole graph: the six stages in order, and the ways back up."""

from collections.abc import Callable
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag.graph.node import State
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.state import RagState

NODE_OF = {
    "retrieval": "retrieval",
    "retriever": "retriever",
    "context": "context",
    "prompt": "generate",
    "generator": "generate",
}


def build_graph(nodes: Nodes) -> "StateGraph[Any, Any, Any, Any]":
    """Return the uncompiled graph: begin → retrieval → retriever → context → generate → verify → finish."""
    # what goes in is a conversation; the rest of the state is ours to make
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(RagState, input_schema=MessagesState)
    graph.add_node("begin_turn", nodes.node(nodes.begin, "begin_turn"))
    graph.add_node("retrieval", nodes.node(nodes.stage("retrieval"), "retrieval"))
    graph.add_node("retriever", nodes.node(nodes.retrieve, "retriever"))
    graph.add_node("context", nodes.node(nodes.stage("context"), "context"))
    graph.add_node("generate", nodes.node(nodes.generate, "generate"))
    graph.add_node("verify", nodes.node(nodes.verify, "verify"))
    graph.add_node("finish", nodes.node(nodes.finish, "finish"))
    graph.add_edge(START, "begin_turn")
    graph.add_edge("begin_turn", "retrieval")
    graph.add_conditional_edges("retrieval", Way(_after_retrieval), ["retriever", "generate"])
    graph.add_conditional_edges("retriever", Way(_after_retriever), ["context", "finish"])
    graph.add_edge("context", "generate")
    graph.add_edge("generate", "verify")
    graph.add_conditional_edges("verify", Way(_after_verify), [*dict.fromkeys(NODE_OF.values()), "finish"])
    graph.add_edge("finish", END)
    return graph


class Way(Runnable[Any, str]):
    """The choice of the next node. A plain function would be asked in a thread under ``ainvoke``.

    Edges, although nodes that name the next one by a ``Command`` would spare LangGraph two copies of the
    state, 8 % of the time of a graph whose providers do nothing: but if the state is edited while the graph
    is paused behind such a node, the graph ends there.

    Args:
        after: Returns the next node's name.
    """

    def __init__(self, after: Callable[[State], str]) -> None:
        self.name = after.__name__
        self._after = after

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input)

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input)


def _after_retrieval(state: State) -> str:
    return "generate" if state["turn"]["path"]["retrieval"] == "none" else "retriever"


def _after_retriever(state: State) -> str:
    return "finish" if state["turn"]["action"] == "abstain" else "context"


def _after_verify(state: State) -> str:
    redo = state["turn"]["redo"]
    return "finish" if redo is None else NODE_OF[redo]
