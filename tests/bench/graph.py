"""The whole graph with providers that do nothing, against LangGraphs of as many nodes.

Ours does all but act: it starts a turn, decides at six stages, prices every option, judges the draft,
keeps the account and reports. It is held against seven nodes in a row over ``MessagesState``, twice:

- *bare*: functions that return nothing. Under ``ainvoke`` LangGraph sends each of them to a thread,
  which ours, being coroutines, are spared: there this one is the easier to beat.
- *chatbot*: what one would write by hand. The last node appends an answer, as ours does, and under
  ``ainvoke`` the nodes are coroutines. The stricter measure of the two.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph

from dynamicrag import DynamicRAG
from dynamicrag.turn import Draft
from tests.bench.measure import Measure, ratio

POLICY = {
    "version": 1,
    "host": {"meter": "none"},
    "runs": {"keep": 0},
    "models": {"small": {"model": "openai:small"}, "large": {"model": "openai:large"}},
    "stages": {
        "retrieval": {"options": ["single"]},
        "retriever": {"options": {"none": {"langchain": {"path": "tests.bench.graph:make_retriever"}}}},
        "context": {
            "options": {"short": {"chunks": 2}, "long": {"chunks": 8}},
            "router": {
                "rules": {"when": [{"if": {"words": {"above": 30}}, "take": "long"}], "otherwise": "short"}
            },
        },
        "generator": {
            "router": {"rules": {"when": [{"if": {"greeting": True}, "take": "small"}], "otherwise": "large"}}
        },
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
    """Return a graph of seven functions that do nothing."""
    return _row([lambda _: {}] * 7)


def chatbot(how: str) -> "StateGraph[Any, Any, Any, Any]":
    """Return a graph of seven nodes, the last of which answers."""

    def nothing(_: Any) -> dict[str, Any]:
        return {}

    def answer(_: Any) -> dict[str, Any]:
        return {"messages": [AIMessage("a")]}

    nodes = [*[nothing] * 6, answer]
    return _row(nodes if how == "sync" else [_coroutine(node) for node in nodes])


def _coroutine(node: Callable[[Any], dict[str, Any]]) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    async def work(state: Any) -> dict[str, Any]:
        return node(state)

    return work


def _row(nodes: list[Any]) -> "StateGraph[Any, Any, Any, Any]":
    graph: StateGraph[Any, Any, Any, Any] = StateGraph(MessagesState)
    names = [f"n{i}" for i in range(len(nodes))]
    for name, node in zip(names, nodes, strict=True):
        graph.add_node(name, node)
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    return graph


def idle() -> "StateGraph[Any, Any, Any, Any]":
    """Return our graph, deciding everything and doing nothing."""
    rag = DynamicRAG.from_policy(POLICY)

    async def generate(*_: Any) -> dict[str, Any]:
        return {
            "draft": Draft(
                text="a", message_id="", model="small", streamed=False, dropped=[], signals={}, refined=False
            )
        }

    async def nothing(*_: Any) -> dict[str, Any]:
        return {}

    for name, stage in rag.pipeline.stages.items():
        stage.act = generate if name == "generator" else nothing  # type: ignore[assignment,method-assign]
    return rag.build_graph()


def measures() -> list[Measure]:
    """Return the measures of this module."""
    return [
        _measure(f"graph, {how}{', InMemorySaver' if saved else ''} / {name}", how, saved, theirs)
        for how in ("sync", "async")
        for saved in (False, True)
        for name, theirs in (("bare LangGraph", bare()), ("chatbot", chatbot(how)))
    ]


def _measure(name: str, how: str, saved: bool, theirs: "StateGraph[Any, Any, Any, Any]") -> Measure:
    run = _sync if how == "sync" else _async
    one, other = (
        run(graph.compile(checkpointer=InMemorySaver() if saved else None), saved)
        for graph in (idle(), theirs)
    )
    value, mine, its = ratio(one, other, repeat=20)
    return Measure(name, value, GOAL, f"{mine * 1e3:.2f} ms against {its * 1e3:.2f} ms")


def _sync(app: Any, saved: bool) -> Callable[[], Any]:
    threads = count()
    return lambda: app.invoke(QUESTION, _config(threads, saved))


def _async(app: Any, saved: bool) -> Callable[[], Any]:
    threads = count()
    runner = asyncio.Runner()

    async def ask() -> None:  # a runner prints what its task returned, to set its signal handler
        await app.ainvoke(QUESTION, _config(threads, saved))

    return lambda: runner.run(ask())


def _config(threads: Any, saved: bool) -> dict[str, Any]:
    return {"configurable": {"thread_id": str(next(threads))}} if saved else {}
