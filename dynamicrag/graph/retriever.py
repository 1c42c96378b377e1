"""The retrieval side of a policy as a LangChain retriever."""

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config
from pydantic import PrivateAttr

from dynamicrag.errors import InputError
from dynamicrag.graph.detached import detached
from dynamicrag.graph.retrieve import QUESTION, search_graph
from dynamicrag.records import Passage
from dynamicrag.turn import TurnState

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from dynamicrag.graph.nodes import Nodes

__all__ = ["RoutedRetriever", "retriever"]


class RoutedRetriever(BaseRetriever):
    """Finds passages by routed decisions; made by ``rag.as_retriever``.

    ``invoke`` and ``ainvoke`` take the options of the call in ``config["configurable"]["rag"]``, as the graph
    does, and ``k`` as a keyword argument.

    Attributes:
        k: Number of documents; ``None`` for the decision of the stage ``context``.
        gate: Whether the policy may decide to return none.
    """

    k: int | None = None
    gate: bool = False
    _graph: "CompiledStateGraph[Any, Any, Any, Any]" = PrivateAttr()

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """Return the documents for a question, best first.

        Args:
            input: The question.
            config: Callbacks, tags, metadata and the options of the call.
            **kwargs: ``k`` replaces the retriever's own.

        Raises:
            InputError: The question or an option of the call is invalid.
            DynamicRAGError: The retrieval failed.
        """
        # LangChain passes its callback manager to the method that searches, but not the config
        return super().invoke(input, config, **kwargs, asked=detached(config))

    async def ainvoke(
        self,
        input: str,  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Return the documents for a question; see :meth:`invoke`."""
        return await super().ainvoke(input, config, **kwargs, asked=detached(config))

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        asked: RunnableConfig | None = None,
    ) -> list[Document]:
        config = patch_config(asked, callbacks=run_manager.get_child())
        return _documents(self._graph.invoke(self._given(query, k), config))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        asked: RunnableConfig | None = None,
    ) -> list[Document]:
        config = patch_config(asked, callbacks=run_manager.get_child())
        return _documents(await self._graph.ainvoke(self._given(query, k), config))

    def _given(self, query: str, k: int | None) -> dict[str, Any]:
        wanted = self.k if k is None else k
        check_k(wanted)
        return {QUESTION: query, "k": wanted, "gate": self.gate}


def retriever(nodes: "Nodes", k: int | None, *, gate: bool) -> RoutedRetriever:
    """Return the retriever.

    Raises:
        InputError: ``k`` is invalid.
    """
    check_k(k)
    made = RoutedRetriever(k=k, gate=gate)
    # like the tool's: no state of ours in the checkpoints of a graph around it
    made._graph = search_graph(nodes).compile(checkpointer=False, name="retrieval")
    return made


def check_k(k: object) -> None:
    """Raise unless ``k`` is a number of documents, or ``None``.

    Raises:
        InputError: It is not.
    """
    if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < 1):
        raise InputError(f"as_retriever: k is {k!r}; valid: the number of documents, 1 or more, or None")


def _documents(state: dict[str, Any]) -> list[Document]:
    turn: TurnState = state["rag"]["turn"]
    return [_document(passage, turn) for passage in turn["passages"]]


def _document(passage: Passage, turn: TurnState) -> Document:
    known = {name: passage[name] for name in ("corpus", "similarity") if name in passage}
    return Document(
        page_content=passage["text"],
        id=passage["id"],
        metadata={
            **passage.get("metadata", {}),
            "title": passage["title"],
            "document": passage["document"],
            "score": passage["score"],
            "retriever": turn["path"].get("retriever", ""),
            "query_id": turn["id"],
            **known,
        },
    )
