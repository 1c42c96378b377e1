"""One question to the whole graph, without a conversation: for tools and for other libraries."""

from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from typing_extensions import TypedDict

from dynamicrag.graph.build import build_graph
from dynamicrag.graph.detached import detached
from dynamicrag.graph.events import Source
from dynamicrag.graph.names import Names
from dynamicrag.graph.nodes import Nodes
from dynamicrag.records import Figure, Passage

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["Answered", "Answers", "CitedSource"]

QUESTION, ANSWER = "question", "answer"


class CitedSource(Source):
    """A passage that supports the answer, with its text.

    Attributes:
        document: Id of its document.
        text: The text.
        score: The retriever's own score; higher is better.
        corpus: Name of its corpus; ``""`` for a retriever of the caller's.
    """

    document: str
    text: str
    score: float
    corpus: str


class Answered(TypedDict):
    """An answer with its report; plain JSON.

    Attributes:
        query_id: Id of the query, for ``rag.cost``, ``rag.explain`` and ``rag.feedback``.
        question: The question.
        answer: The answer, or the sentence in place of a withheld one.
        path: The option in force at each stage.
        cost: The cost, by dimension.
        sources: The passages that support the answer; none if it abstains or is outside the documents.
        abstained: Whether the answer was withheld.
        outside: Whether the documents do not cover the question.
        unfinished: Why the answer may be cut: ``length``, ``unknown`` or ``""``.
    """

    query_id: str
    question: str
    answer: str
    path: dict[str, str]
    cost: dict[str, Figure]
    sources: list[CitedSource]
    abstained: bool
    outside: bool
    unfinished: str


class Answers:
    """Asks the whole graph single questions.

    The graph has no checkpointer, not even that of a graph around it: every question begins a new
    turn, and no state of ours is stored in another conversation.
    """

    def __init__(self, nodes: Nodes, name: str) -> None:
        graph = build_graph(nodes, Names(question=QUESTION, answer=ANSWER))
        self._graph: CompiledStateGraph[Any, Any, Any, Any] = graph.compile(checkpointer=False, name=name)

    def ask(self, question: str, config: RunnableConfig | None = None) -> Answered:
        """Answer a question and block until it is done; ``config`` is that of a run of the graph.

        Raises:
            DynamicRAGError: As the graph.
        """
        return _answered(self._graph.invoke({QUESTION: question}, detached(config)))

    async def aask(self, question: str, config: RunnableConfig | None = None) -> Answered:
        """Answer a question; see :meth:`ask`."""
        return _answered(await self._graph.ainvoke({QUESTION: question}, detached(config)))


def _answered(state: dict[str, Any]) -> Answered:
    report, turn = state["rag"]["report"], state["rag"]["turn"]
    support = {source["id"] for source in report["sources"]}
    return Answered(
        query_id=report["query_id"],
        question=report["question"],
        answer=state[ANSWER],
        path=report["path"],
        cost=report["cost"],
        sources=[_cited(passage) for passage in turn["passages"] if passage["id"] in support],
        abstained=report["abstained"],
        outside=report["outside"],
        unfinished=report["unfinished"],
    )


def _cited(passage: Passage) -> CitedSource:
    return CitedSource(
        id=passage["id"],
        title=passage["title"],
        document=passage["document"],
        text=passage["text"],
        score=passage["score"],
        corpus=passage.get("corpus", ""),
    )
