"""The examples for other libraries run, with stand-ins where a user has a service."""

import importlib.util
from pathlib import Path

import pytest
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM

from dynamicrag.faces.llama_index import RoutedQueryEngine

EXAMPLE = Path(__file__).parents[2] / "examples" / "llama_index_app.py"
TEXTS = ["The museum opens at ten.", "The ferry leaves at noon.", "The inn serves soup until nine."]


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("example_llama_index_app", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rag(example, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    documents = [Document(text=text, metadata={"file_name": f"{text.split()[1]}.md"}) for text in TEXTS]
    index = VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=8))
    with example.build(MockLLM(max_tokens=3), MockLLM(max_tokens=3), index) as made:
        yield made


def test_the_example_is_short():
    assert len(EXAMPLE.read_text().splitlines()) < 100


@pytest.mark.slow
def test_a_question_is_answered_from_the_index_and_small_talk_without(example, rag):
    engine = RoutedQueryEngine(rag)
    found = engine.query("When does the museum open?")
    assert found.metadata["path"]["generator"] == "large"
    assert "museum.md" in example.shown(found)
    assert "$0.000000" in example.shown(found)  # a model in this process has no price
    hello = engine.query("Hello!")
    assert (hello.metadata["path"]["retrieval"], hello.metadata["path"]["generator"]) == ("none", "small")
    assert "no sources" in example.shown(hello)


@pytest.mark.slow
async def test_their_synthesis_over_our_retriever(example, rag):
    response = await example.own_synthesis(rag, MockLLM(max_tokens=3)).aquery("When does the ferry leave?")
    assert {node.metadata["title"] for node in response.source_nodes} == {"museum.md", "ferry.md", "inn.md"}
