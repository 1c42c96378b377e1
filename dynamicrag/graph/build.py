"""Builds the whole graph in the order of the topology: a line of nodes; a turn may skip some.

The line has the nodes of all policies; a turn skips the stages that its own policy lacks.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END, START, StateGraph

from dynamicrag.graph.context import RagContext
from dynamicrag.graph.names import Names, given_schema, node_schema, result_schema, state_schema
from dynamicrag.graph.node import State
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.policies import Policies
from dynamicrag.topology import ASKING, TOPOLOGY, VERIFICATION
from dynamicrag.turn import TurnState


def build_graph(
    nodes: Nodes, names: Names, *, inherits: bool = False, context_schema: type[Any] = RagContext
) -> "StateGraph[Any, Any, Any, Any]":
    """Return the uncompiled graph: begin, the policies' stages node by node, verify, finish.

    If a policy asks for more budget, there is a node for that beside the line.

    Args:
        nodes: The nodes.
        names: The keys of the state.
        inherits: Whether our channel is an input too, from a parent graph.
        context_schema: Type of a run's context.
    """
    # the input is a conversation or a question; our nodes make the rest of the state
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(
        state_schema(names),
        input_schema=given_schema(names, inherits=inherits),
        output_schema=result_schema(names),
        context_schema=context_schema,
    )
    ours, last = node_schema(names), TOPOLOGY[VERIFICATION].node
    graph.add_node("begin_turn", nodes.node("begin", "begin_turn", names, whole=True))
    for name in nodes.line:
        graph.add_node(name, nodes.shared(name, names), input_schema=ours)
    graph.add_node("finish", nodes.node("finish", "finish", names, whole=True), input_schema=ours)
    line, asking = list(nodes.line.items()), [ASKING] if nodes.asks else []
    graph.add_edge(START, "begin_turn")
    graph.add_edge("begin_turn", line[0][0])
    for number, (name, stages) in enumerate(line[:-1]):
        after = dict(line[number + 1 :])
        following, beyond = line[number + 1]
        ends = nodes.foresees and any(TOPOLOGY[stage].evidence for stage in stages)
        lacking = nodes.policies.sometimes_lacking(beyond)
        if nodes.asks or ends or lacking or _parts(stages, beyond, nodes.options):
            way = Way(partial(_next, after, nodes.policies), f"after_{name}", names.prefix)
            graph.add_conditional_edges(name, way, [*after, "finish", *asking])
        else:
            graph.add_edge(name, following)
    if asking:
        graph.add_node(ASKING, nodes.ask(ASKING, names), input_schema=ours)
        graph.add_conditional_edges(last, Way(_last, f"after_{last}", names.prefix), ["finish", ASKING])
        back = Way(partial(_back, nodes.line), f"after_{ASKING}", names.prefix)
        graph.add_conditional_edges(ASKING, back, [*nodes.line, "finish"])
    else:
        graph.add_edge(last, "finish")
    graph.add_edge("finish", END)
    return graph


def _parts(here: Sequence[str], beyond: Sequence[str], options: Mapping[str, Collection[str]]) -> bool:
    """Return whether a path may skip the next stages, so that the edge needs a choice.

    It may if the policy has options that skip them, unless these also skip the stages here. A choice costs
    LangGraph a copy of the state. Without a choice, skipped stages still run but do nothing.

    Args:
        here: The stages of one node.
        beyond: The stages of the next node.
        options: The policy's options by stage.
    """
    known = [TOPOLOGY[stage].passing(options) for stage in here]
    new = [TOPOLOGY[stage].passing(options) for stage in beyond]
    return all(new) and not all(any(later <= earlier for later in new) for earlier in known)


def _next(after: Mapping[str, Sequence[str]], policies: Policies, turn: TurnState) -> str:
    """Return the next node that the turn does not skip, or the end if no draft is to be written."""
    if turn.get("lack"):
        return ASKING
    if turn["action"] == "abstain":
        return "finish"
    passed = TOPOLOGY.passed(turn["path"]) | policies.lacking(turn)
    return next(name for name, stages in after.items() if not passed.issuperset(stages))


def _last(turn: TurnState) -> str:
    """Return the node after the last stage."""
    return ASKING if turn.get("lack") else "finish"


def _back(line: Mapping[str, Sequence[str]], turn: TurnState) -> str:
    """Return the node at which a turn goes on that was granted more budget, or the end."""
    stage = turn.get("resumes")
    if not stage:
        return "finish"
    if turn.get("earlier"):  # verification's node decides a stage again
        return TOPOLOGY[VERIFICATION].node
    return next(name for name, stages in line.items() if stage in stages)


class Way(Runnable[Any, str]):
    """Chooses the next node. LangGraph would call a plain function in a thread under ``ainvoke``.

    These are edges, although nodes that name the next one by a ``Command`` would save two copies of the
    state, 8 % of the time of a graph with no-op providers. But if the state is edited while the graph is
    paused behind such a node, the graph ends there.

    Args:
        after: Returns the next node's name.
        name: Name of the edge.
        prefix: Name of our channel in the state.
    """

    def __init__(self, after: Callable[[TurnState], str], name: str, prefix: str) -> None:
        self.name = name
        self._after = after
        self._prefix = prefix

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input[self._prefix]["turn"])

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> str:  # noqa: A002, ARG002
        """Return the next node's name."""
        return self._after(input[self._prefix]["turn"])
