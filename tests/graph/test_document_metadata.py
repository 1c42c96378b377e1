"""Documents of the caller's vector store: their metadata and their names reach the caller again."""

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from dynamicrag import DynamicRAG
from dynamicrag.testing import ScriptedChat

QUESTION = "When does the museum open?"
POLICY = {
    "version": 1,
    "models": {"m": {}},
    "stages": {"retriever": {"options": ["kb"]}, "generator": {"options": ["m"]}},
}


def rag(*metadata):
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    texts = [f"The museum opens at {hour}." for hour in range(len(metadata))]
    store.add_documents([Document(text, metadata=each) for text, each in zip(texts, metadata, strict=True)])
    model = ScriptedChat(script=lambda kind, text: "At ten.")
    return DynamicRAG.from_policy(POLICY, models={"m": model}, retrievers={"kb": store})


def listed(made):
    call = {"name": "hours", "args": {"question": QUESTION}, "id": "1", "type": "tool_call"}
    return made.as_tool("hours", "Hours.").invoke(call).content.partition("Sources:\n")[2]


@pytest.mark.slow
@pytest.mark.parametrize("k", [None, 1])
def test_a_retriever_gives_the_metadata_back_beside_ours(k):
    (document,) = rag({"source": "hours.pdf", "page": 3, "query_id": "mine"}).as_retriever(k).invoke(QUESTION)
    about = document.metadata
    assert (about["source"], about["page"], about["document"]) == ("hours.pdf", 3, "hours.pdf")
    assert about["query_id"] != "mine"


def test_a_corpus_gives_the_metadata_of_its_files(make, docs):
    (docs / "rules.md").write_text("---\nyear: 1890\ntags: [a]\n---\n# Rules\nFerries wait for nobody.\n")
    (document, *_) = make().as_retriever().invoke("Do ferries wait for nobody?")
    about = document.metadata
    assert (about["document"], about["year"], about["file"]) == ("rules.md", 1890, "rules.md")
    assert "tags" not in about


def test_sources_without_a_title_are_listed_by_their_document():
    assert listed(rag({"source": "/data/hours.pdf"})) == "[1] /data/hours.pdf"


def test_and_without_a_name_by_their_number():
    assert listed(rag({}, {})) == "[1] document 1\n[2] document 2"


@pytest.mark.slow
def test_a_title_stands_alone_beside_a_random_id():
    assert listed(rag({"title": "Hours"})) == "[1] Hours"
