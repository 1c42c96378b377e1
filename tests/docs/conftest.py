"""A reader's folder, in which pages are run: the sample documents, and stand-ins for models and meter."""

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain.chat_models import init_chat_model
from langchain_core.embeddings import DeterministicFakeEmbedding

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.meter import CpuTimeMeter
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.prompts.base import PROMPTS
from dynamicrag.retrieval.base import RETRIEVERS
from dynamicrag.retrieval.local_embedder import LocalEmbedder
from dynamicrag.routers.base import ROUTERS
from dynamicrag.stages.base import STAGES
from dynamicrag.testing import FakeEmbedder, ScriptedChat, ScriptedModel
from dynamicrag.topology import TOPOLOGY
from dynamicrag.verify.base import VERIFIERS
from tests.docs.fences import ROOT

LINKS = {"docs": "examples/corpus", "my-documents": "examples/corpus"}
"""Folders that pages speak of, and what stands for them."""
HERE = ("examples", "graphs", "policies", "langgraph.json", "pyproject.toml")


class WordVectors(LocalEmbedder):
    """The default embedding model, without its weights."""

    def encode(self, texts, *, query):
        return FakeEmbedder(size=384).encode(texts, query=query)  # the size that the prior expects

    def tokenize(self, text):
        return FakeEmbedder().tokenize(text)

    def load(self):
        """Load nothing."""

    def reads(self, text):
        return True


def answer(kind: str, prompt: str) -> str:
    """Answer what pages ask for; a helper repeats the last line of what it is shown."""
    return "164 steps." if kind == "answer" else prompt.strip().splitlines()[-1]


def scripted(name: str, spec: str, **params: Any) -> Any:
    """Return a scripted model; a real one where the page gives the address of a server of its own."""
    return chat_model(name, spec, **params) if "base_url" in params else ScriptedModel(name, spec, answer)


def initialised(*args: Any, **params: Any) -> Any:
    """Return what LangChain's function of this name does, likewise."""
    return init_chat_model(*args, **params) if "base_url" in params else ScriptedChat(script=answer)


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """Become a reader in an empty folder; what pages register is forgotten afterwards."""
    for name in HERE:
        (tmp_path / name).symlink_to(ROOT / name)
    for name, target in LINKS.items():
        (tmp_path / name).symlink_to(ROOT / target)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", scripted)
    monkeypatch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", WordVectors)
    monkeypatch.setattr("dynamicrag.llm.pull.path_of", lambda name, folder=None: tmp_path)
    monkeypatch.setitem(sys.modules["dynamicrag.cost.meters"]._METERS, "codecarbon", CpuTimeMeter)
    monkeypatch.setattr("langchain.chat_models.init_chat_model", initialised)
    monkeypatch.setattr(
        "langchain.embeddings.init_embeddings", lambda *_, **__: DeterministicFakeEmbedding(size=8)
    )
    _stay_at_home(monkeypatch)
    for registry in (ROUTERS, RETRIEVERS, VERIFIERS, PROMPTS, STAGES):
        list(registry)
        monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    for table in (TOPOLOGY, DIMENSIONS):
        monkeypatch.setattr(table, "_rows", dict(table._rows))
    monkeypatch.setattr(DIMENSIONS, "zeros", dict(DIMENSIONS.zeros))
    monkeypatch.setattr(DIMENSIONS, "derived", DIMENSIONS.derived)
    before = set(sys.modules)
    made = _keep(monkeypatch)
    yield tmp_path
    for rag in made:
        rag.close()
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def _keep(monkeypatch) -> list[DynamicRAG]:
    """Return a list that every ``DynamicRAG`` that is made joins, for pages close none."""
    made: list[DynamicRAG] = []
    begin = DynamicRAG.__init__

    def remembered(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        made.append(self)

    monkeypatch.setattr(DynamicRAG, "__init__", remembered)
    return made


def _stay_at_home(monkeypatch) -> None:
    look_up = socket.getaddrinfo

    def at_home(host, *args, **kwargs):
        assert host in (None, "localhost", "127.0.0.1", "::1"), f"a page asks {host}"
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", at_home)
