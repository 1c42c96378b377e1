"""Retrievers as users have them, for the adapters to import."""

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.base.base_retriever import BaseRetriever as LlamaRetriever
from llama_index.core.schema import NodeWithScore, TextNode


def make_store(k: int = 2) -> BaseRetriever:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    store.add_documents(
        [
            Document("Steel bridges.", id="s1", metadata={"source": "steel.md", "title": "Steel"}),
            Document("Stone bridges."),
            Document("Rope bridges.", metadata={"id": "r1", "score": 0.5}),
        ]
    )
    return store.as_retriever(search_kwargs={"k": k})


made = make_store(3)
number = 7


class Failing(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        raise ConnectionError("no route to the search engine")


class Plain(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document("first"), Document("second", metadata={"relevance_score": 0.9})]


class Llama(LlamaRetriever):
    def __init__(self, scored: bool = True) -> None:
        super().__init__()
        self._scored = scored

    def _retrieve(self, query_bundle):
        nodes = [
            TextNode(text="one", metadata={"file_path": "one.md"}),
            TextNode(text="two", metadata={"id": "n2"}),
        ]
        return [NodeWithScore(node=node, score=0.7 if self._scored else None) for node in nodes]


def broken(**kwargs):
    raise RuntimeError("no key")


def not_a_retriever():
    return object()
