"""Examples of under 40 lines, with stand-ins where a user has a service."""

import importlib
import sys
from datetime import datetime
from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM

from dynamicrag import DynamicRAG
from dynamicrag.routers.base import ROUTERS
from dynamicrag.stages.base import STAGES
from dynamicrag.testing import FakeRetriever, ScriptedChat
from dynamicrag.topology import TOPOLOGY

EXAMPLES = Path(__file__).parents[1] / "examples"
SHORT = ["langchain_objects", "llama_index_objects", "own_router", "own_stage", "working_hours"]
QUESTION = "When does the museum open?"


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Import an example as its folder's Python would."""
    list(ROUTERS)
    monkeypatch.setattr(ROUTERS, "_classes", dict(ROUTERS._classes))
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    monkeypatch.syspath_prepend(EXAMPLES)
    yield importlib.import_module
    for name in SHORT:
        sys.modules.pop(name, None)
    STAGES._classes.pop("recency", None)
    TOPOLOGY.remove("recency")


@pytest.mark.parametrize("name", SHORT)
def test_each_is_short_and_says_how_it_is_used(name):
    text = (EXAMPLES / f"{name}.py").read_text()
    assert len(text.splitlines()) < 40
    assert f"python examples/{name}.py" in text or "own_router.py" in text


def says(text):
    return ScriptedChat(script=lambda kind, prompt: text)


@pytest.mark.slow
def test_langchain_objects(load):
    example = load("langchain_objects")
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    store.add_texts(example.TEXTS)
    chat = says("At ten.")
    rag = example.build(chat, store)
    assert example.answer(rag, QUESTION) == "At ten.  [price unknown]"
    assert "The museum opens at ten." in chat.calls[-1].messages[-1].text
    rag.close()


@pytest.mark.slow
def test_llama_index_objects(load):
    example = load("llama_index_objects")
    documents = [Document(text=text) for text in example.TEXTS]
    index = VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=8))
    rag = example.build(MockLLM(max_tokens=3), MockLLM(max_tokens=3), index)
    app = rag.build_graph().compile()
    path = app.invoke({"messages": [("user", QUESTION)]})["rag"]["turn"]["path"]
    assert (path["retriever"], path["generator"]) == ("kb", "large")
    assert app.invoke({"messages": [("user", "Hello!")]})["rag"]["turn"]["path"]["generator"] == "small"
    rag.close()


@pytest.mark.parametrize(("hour", "chosen"), [(8, "small"), (9, "large"), (16, "large"), (17, "small")])
def test_a_router_of_ones_own_by_the_policys_plugin(load, monkeypatch, hour, chosen):
    example = load("own_router")
    policy = {**example.policy("fake:small", "fake:large"), "host": {"meter": "none"}, "corpora": {}}
    policy["stages"]["retriever"] = {"options": ["kb"]}
    given = {"models": {"small": says("x"), "large": says("y")}, "retrievers": {"kb": FakeRetriever([])}}
    rag = DynamicRAG.from_policy(policy, **given)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 6, 1, hour).astimezone()

    monkeypatch.setattr(sys.modules["working_hours"], "datetime", Clock)
    state = rag.build_graph().compile().invoke({"messages": [("user", QUESTION)]})
    (decision,) = [each for each in state["rag"]["decisions"] if each["stage"] == "generator"]
    assert (decision["chosen"], decision["router"]) == (chosen, "working_hours")
    rag.close()


def test_a_stage_of_ones_own_leaves_out_what_is_out_of_date(load):
    example = load("own_stage")
    found = FakeRetriever(["The museum opened at nine in 1890.", "Since 1990 the museum opens at ten."])
    policy = {**example.POLICY, "host": {"meter": "none"}}
    policy["stages"] = {**policy["stages"], "retriever": {"options": ["kb"]}}
    chat = says("At ten.")
    rag = DynamicRAG.from_policy(policy, models={"model": chat}, retrievers={"kb": found})
    state = rag.build_graph().compile().invoke({"messages": [("user", QUESTION)]})
    assert state["rag"]["report"]["path"]["recency"] == "recent"
    assert "1990" in chat.calls[-1].messages[-1].text
    assert "1890" not in chat.calls[-1].messages[-1].text
    rag.close()
