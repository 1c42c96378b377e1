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


class OnePage(BaseRetriever):
    """Chunks of one page that share its id."""

    first: int = 9
    kind: str = "metadata"

    def _get_relevant_documents(self, query, *, run_manager):
        texts = ["one", "two", "one", "three", "four"][: self.first]
        if self.kind == "id":
            return [Document(text, id="page-1") for text in texts]
        return [Document(text, metadata={"id": "page-1"}) for text in texts]


class Odd(BaseRetriever):
    """Scores as they come."""

    scores: list

    def _get_relevant_documents(self, query, *, run_manager):
        facts = [{"score": score, "title": "A\0 \n title", "source": "\ud83d.md"} for score in self.scores]
        return [Document("half \ud83d a\0 pair", metadata=each) for each in facts]


class Gives(BaseRetriever):
    """Returns whatever it was told to."""

    found: str

    def _get_relevant_documents(self, query, *, run_manager):
        return eval(self.found)


class LlamaGives(LlamaRetriever):
    def __init__(self, found: str) -> None:
        super().__init__()
        self._found = found

    def _retrieve(self, query_bundle):
        return eval(self._found)

    async def aretrieve(self, query):
        return eval(self._found)


class Llama(LlamaRetriever):
    def __init__(self, scored: bool = True, score: float = 0.7) -> None:
        super().__init__()
        self._scored = scored
        self._score = score

    def _retrieve(self, query_bundle):
        nodes = [
            TextNode(text="one", metadata={"file_path": "one.md"}),
            TextNode(text="two", metadata={"id": "n2"}),
        ]
        return [NodeWithScore(node=node, score=self._score if self._scored else None) for node in nodes]


def broken(**kwargs):
    raise RuntimeError("no key")


def not_a_retriever():
    return object()


TENANTS = [
    *(
        (f"Steel bridge {n} of {tenant}.", tenant, 1890 + n % 2)
        for n in range(4)
        for tenant in ("acme", "globex")
    ),
    ("A bridge of nobody.", None, 1890),
]


def tenants(kind: str, k: int = 20):
    """A retriever over the documents of two tenants, and one of nobody."""
    facts = [{"year": year, **({"tenant": tenant} if tenant else {})} for _, tenant, year in TENANTS]
    if kind.startswith("llama"):
        return _llama_tenants(facts, filtered=kind == "llama_filtered")
    documents = [Document(text, metadata=each) for (text, *_), each in zip(TENANTS, facts, strict=True)]
    if kind == "plain":
        return Gives(found=repr(documents))
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    store.add_documents(documents)
    only = {"filter": lambda document: document.metadata["year"] == 1890} if kind == "filtered_store" else {}
    return store.as_retriever(search_kwargs={"k": k, **only})


def _llama_tenants(facts, *, filtered):
    from llama_index.core import MockEmbedding, VectorStoreIndex
    from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters

    nodes = [TextNode(text=text, metadata=each) for (text, *_), each in zip(TENANTS, facts, strict=True)]
    index = VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=8))
    own = MetadataFilters(filters=[MetadataFilter(key="year", value=1890)]) if filtered else None
    return index.as_retriever(similarity_top_k=20, filters=own)
