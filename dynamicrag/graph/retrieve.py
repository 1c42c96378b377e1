"""The retrieval side of a policy as one node: all stages before the prompt, without an answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from dynamicrag.call_options import CallOptions
from dynamicrag.graph.channel import Channel, RagChannel
from dynamicrag.graph.names import Names
from dynamicrag.graph.node import Execution, Node, Result, State
from dynamicrag.graph.nodes import Nodes
from dynamicrag.graph.stored import submit
from dynamicrag.graph.turn import start_turn
from dynamicrag.policy.assembly import Pipeline
from dynamicrag.priors.context import shows
from dynamicrag.records import Passage
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.retrieval.metadata import single_values
from dynamicrag.stages.retrieval import ROUNDS
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.turn import TurnState

__all__ = ["QUESTION", "Searched", "search_graph"]

QUESTION = "question"


class Searched(TypedDict, total=False):
    """State of the graph.

    Attributes:
        question: The question.
        k: Number of passages; ``None`` for the decision of the stage ``context``.
        gate: Whether the policy may decide against passages.
        rag: Our channel, with the passages in its turn.
    """

    question: str
    k: int | None
    gate: bool
    rag: RagChannel


class Retrieve(Node):
    """Takes a question through the stages before the prompt.

    Reports list its queries under a name of their own: they have no answer, so their cost compares with no
    answered query. For the same reason they are not in the decision log, and no router learns from them.

    Args:
        nodes: Has the policies and their walks.
        names: The keys of the state.
    """

    kept_as = "{} (retriever)"

    def __init__(self, nodes: Nodes, names: Names) -> None:
        super().__init__(nodes.policies, "retrieve", names)
        self._along = nodes.along

    def _turn(self, state: State, channel: Channel | None, config: RunnableConfig | None) -> TurnState:  # noqa: ARG002
        return start_turn(state, self.names, None, config)

    async def _work(self, at: Execution) -> Result:
        pipeline, k = at.pipeline, at.state["k"]
        call = _without_answer(at.run.call, pipeline, gate=at.state["gate"])
        run = replace(at.run, call=call, depth=k or 0)
        turn, made = await self._along(_stages(pipeline, context=k is None), at.turn, run)
        if k is not None:
            turn = {**turn, "passages": turn["candidates"][:k]}
        passages = await asyncio.to_thread(_with_metadata, turn["passages"], pipeline.corpora)
        turn = {**turn, "passages": passages}
        facts = {"policy": self.kept_as.format(pipeline.policy.name), "path": turn["path"]}
        submit(pipeline, turn, run, facts)
        return turn, made, {}


def search_graph(nodes: Nodes) -> "StateGraph[Any, Any, Any, Any]":
    """Return the uncompiled graph of the one node."""
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(Searched)
    graph.add_node("retrieve", Retrieve(nodes, Names(question=QUESTION, answer="answer")))
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", END)
    return graph


def _with_metadata(passages: Sequence[Passage], corpora: Mapping[str, Corpus]) -> list[Passage]:
    """Return passages with the metadata of their documents; those of foreign retrievers have it already."""
    named: dict[str, list[str]] = {}
    for passage in passages:
        if passage.get("corpus") in corpora:
            named.setdefault(passage["corpus"], []).append(passage["document"])
    about = {name: corpora[name].metadata(documents) for name, documents in named.items()}
    return [
        {**passage, "metadata": single_values(about[passage["corpus"]].get(passage["document"], {}))}
        if passage.get("corpus") in about
        else passage
        for passage in passages
    ]


def _stages(pipeline: Pipeline, *, context: bool) -> list[str]:
    """Return the stages before the prompt, with or without the decision on the number of passages."""
    writing = TOPOLOGY["generator"].node
    before = [name for name in pipeline.stages if TOPOLOGY[name].node != writing]
    return before if context else [name for name in before if name != "context"]


def _without_answer(call: CallOptions, pipeline: Pipeline, *, gate: bool) -> CallOptions:
    """Return the options of a call that writes no answer: it cannot abstain; without a gate it searches.

    Options that the call forces stay, also against the gate.
    """
    options = {stage: name for stage, name in call.options.items() if stage != VERIFICATION}
    closed = {**call.closed, VERIFICATION: ("abstain",)}
    if not gate:
        idle = [name for name, rounds in ROUNDS.items() if not rounds]
        blank = [each.name for each in pipeline.stages["context"].options if not shows(each)]
        for stage, names in (("retrieval", idle), ("context", blank)):
            known = [option.name for option in pipeline.stages[stage].options]
            left = set(known) - {*closed.get(stage, ()), *names}
            if stage not in options and left:
                closed[stage] = (*closed.get(stage, ()), *names)
    return replace(call, options=options, closed=closed)
