"""The whole graph, as the topology orders it: a line of nodes, some of which a path passes by."""

from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag.graph.node import State
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.state import RagState
from dynamicrag.topology import TOPOLOGY, VERIFICATION


def build_graph(nodes: Nodes) -> "StateGraph[Any, Any, Any, Any]":
    """Return the uncompiled graph: begin, the policy's stages node by node, verify, finish."""
    # a conversation goes in; the rest of the state is ours to make
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(RagState, input_schema=MessagesState)
    line = [(name, stages) for name, stages in nodes.line.items() if name != TOPOLOGY[VERIFICATION].node]
    graph.add_node("begin_turn", nodes.node(nodes.begin, "begin_turn"))
    for name, stages in line:
        graph.add_node(name, nodes.node(nodes.stages(stages), name))
    graph.add_node("verify", nodes.node(nodes.verify, "verify"))
    graph.add_node("finish", nodes.node(nodes.finish, "finish"))
    graph.add_edge(START, "begin_turn")
    graph.add_edge("begin_turn", line[0][0])
    for number, (name, stages) in enumerate(line):
        after = dict(line[number + 1 :])
        ends = any(TOPOLOGY[stage].evidence for stage in stages)
        passed = after and all(TOPOLOGY[stage].passed_by for stage in next(iter(after.values())))
        if passed or ends:
            follow = partial(_next, after)
            graph.add_conditional_edges(name, Way(follow, f"after_{name}"), [*after, "finish"])
        else:
            graph.add_edge(name, next(iter(after), "verify"))
    graph.add_edge("verify", "finish")
    graph.add_edge("finish", END)
    return graph


def _next(after: dict[str, list[str]], state: State) -> str:
    """Return the next node that the path does not pass by; the end where nothing is to be written."""
    turn = state["turn"]
    if turn["action"] == "abstain":
        return "finish"
    passed = TOPOLOGY.passed(turn["path"])
    return next(name for name, stages in after.items() if not passed.issuperset(stages))


class Way(Runnable[Any, str]):
    """The choice of the next node. A plain function would be asked in a thread under ``ainvoke``.

    Edges, although nodes that name the next one by a ``Command`` would spare LangGraph two copies of the
    state, 8 % of the time of a graph whose providers do nothing: but if the state is edited while the graph
    is paused behind such a node, the graph ends there.

    Args:
        after: Returns the next node's name.
        name: Name of the edge.
    """

    def __init__(self, after: Callable[[State], str], name: str) -> None:
        self.name = name
        self._after = after

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input)

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input)
