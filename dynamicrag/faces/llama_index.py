"""Our routing in LlamaIndex: a retriever, and a query engine.

::

    from dynamicrag.faces.llama_index import RoutedNodeRetriever, RoutedQueryEngine

    engine = RoutedQueryEngine(rag)                       # the whole graph
    nodes = RoutedNodeRetriever(rag, k=4)                 # the stages before the prompt
    RetrieverQueryEngine.from_args(nodes, llm=llm, node_postprocessors=[...])

LlamaIndex's own indexes, retrievers and models are options of a policy instead; see
:meth:`DynamicRAG.from_policy <dynamicrag.graph.rag.DynamicRAG.from_policy>`.
"""

from typing import Any

from langchain_core.documents import Document
from langchain_core.runnables import RunnableConfig
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from dynamicrag.faces.given import check_rag
from dynamicrag.graph.answered import Answered, CitedSource
from dynamicrag.graph.rag import DynamicRAG

__all__ = ["RoutedNodeRetriever", "RoutedQueryEngine"]

REPORTED = ("query_id", "path", "cost", "abstained", "outside", "unfinished")
"""Keys of the report in a response's metadata."""
HIDDEN = ("score", "similarity", "query_id", "retriever", "corpus", "document")
"""Metadata that neither a model nor an embedding reads."""


class RoutedNodeRetriever(BaseRetriever):  # type: ignore[misc]  # mypy follows no LlamaIndex types here
    """Finds nodes by routed decisions, as ``rag.as_retriever`` does.

    The metadata of a node are ``title``, ``document``, ``score``, ``retriever`` and ``query_id``, beside the
    single values of its document's own.

    Args:
        rag: The policies.
        k: As for ``rag.as_retriever``.
        gate: As for ``rag.as_retriever``.
        config: LangChain config of every call: callbacks, tags, metadata, and the options of a call in
            ``configurable["rag"]``.
        callback_manager: LlamaIndex's callback manager.

    Raises:
        InputError: ``k`` is invalid.
    """

    def __init__(
        self,
        rag: DynamicRAG,
        k: int | None = None,
        *,
        gate: bool = False,
        config: RunnableConfig | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        check_rag(rag, "RoutedNodeRetriever")
        self._retriever = rag.as_retriever(k, gate=gate)
        self._config = config

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(each) for each in self._retriever.invoke(query_bundle.query_str, self._config)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(each) for each in await self._retriever.ainvoke(query_bundle.query_str, self._config)]


class RoutedQueryEngine(BaseQueryEngine):  # type: ignore[misc]
    """Answers queries with the whole graph.

    A response has the passages that support it as ``source_nodes``, and in ``metadata`` the query's id, path
    and cost, and whether the answer was withheld or is outside the documents. It does not stream: a draft may
    be withdrawn, and its sources are known only when it is accepted. Errors are those of the graph.

    Args:
        rag: The policies.
        config: As for :class:`RoutedNodeRetriever`.
        callback_manager: LlamaIndex's callback manager.
    """

    def __init__(
        self,
        rag: DynamicRAG,
        *,
        config: RunnableConfig | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        check_rag(rag, "RoutedQueryEngine")
        self._answers = rag.answers("query_engine")
        self._config = config

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}  # the policy has the prompts

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(self._answers.ask(query_bundle.query_str, self._config))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return _response(await self._answers.aask(query_bundle.query_str, self._config))


def _response(answered: Answered) -> Response:
    facts: dict[str, Any] = dict(answered)
    return Response(
        response=answered["answer"],
        source_nodes=[_cited(source) for source in answered["sources"]],
        metadata={key: facts[key] for key in REPORTED},
    )


def _cited(source: CitedSource) -> NodeWithScore:
    about = {name: source[name] for name in ("title", "document", "corpus", "score")}
    return _scored(source["id"], source["text"], about)


def _node(document: Document) -> NodeWithScore:
    return _scored(document.id or "", document.page_content, document.metadata)


def _scored(name: str, text: str, about: dict[str, Any]) -> NodeWithScore:
    hidden = [key for key in HIDDEN if key in about]
    node = TextNode(
        id_=name,
        text=text,
        metadata=about,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
    return NodeWithScore(node=node, score=about["score"])
