import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dynamicrag import DynamicRAG, traces
from dynamicrag.retrieval import LocalEmbedder
from dynamicrag.testing import ScriptedModel

from .spans import Spans

TOWNS = [f"town{n:02}" for n in range(20)]
POLICY: dict[str, Any] = {
    "version": 1,
    "models": {name: {"model": f"fake:{name}"} for name in ("small", "medium", "large", "helper")},
    "helper": "helper",
    "host": {"meter": "none"},
    "stages": {
        "context": {"options": {"short": {"chunks": 2}}},
        "prompt": {"options": ["direct"]},
        "generator": {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "small"}}},
    },
}


def call(app: Any, how: str, given: dict[str, Any], config: Any = None) -> dict[str, Any]:
    """Ask a graph by its synchronous or its asynchronous face."""
    return app.invoke(given, config) if how == "sync" else asyncio.run(app.ainvoke(given, config))


def echo(kind: str, text: str) -> str:
    """Answer with the town that is asked about; a follow-up is about the town last spoken of."""
    if kind == "condense":
        said, _, last = text.removesuffix("\nRewritten question:").rpartition("\nLast question: ")
        towns = re.findall(r"town\d+", said)
        return re.sub(r"\bit\b", f"the bridge of {towns[-1]}", last) if towns else last
    asked = re.search(r"Question:.*?(town\d+)", text) or re.search(r"()", text)
    return f"The bridge of {asked[1]} opened"


class WordCounter(LocalEmbedder):
    """BM25 needs of an embedder only its tokens, to cut documents by."""

    def tokenize(self, text: str) -> list[int]:
        return [1] * len(text.split())


class Maker:
    """Makes ``DynamicRAG`` objects of a policy with scripted models; ``models`` has the models."""

    def __init__(self, docs: Path) -> None:
        self.docs = docs
        self.models: dict[str, ScriptedModel] = {}
        self.scripts: dict[str, Any] = {}
        self.margins: dict[str, float] = {}
        self.made: list[DynamicRAG] = []

    def model(self, name: str, spec: str, **params: Any) -> ScriptedModel:
        script, margin = self.scripts.get(name, echo), self.margins.get(name, 0.9)
        self.models[name] = ScriptedModel(name, spec, script, margin, **params)
        return self.models[name]

    def policy(self, *, stages: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        policy = {**POLICY, **changes, "stages": {**POLICY["stages"], **(stages or {})}}
        policy.setdefault("corpora", {"docs": {"path": str(self.docs)}})
        return policy

    def __call__(
        self,
        *,
        stages: dict[str, Any] | None = None,
        policies: dict[str, Any] | None = None,
        objects: dict[str, Any] | None = None,
        **changes: Any,
    ) -> DynamicRAG:
        policy = self.policy(stages=stages, **changes)
        self.made.append(DynamicRAG.from_policy(policy, policies=policies, **(objects or {})))
        return self.made[-1]


@pytest.fixture(scope="session")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    for n, town in enumerate(TOWNS):
        text = f"The bridge of {town} was opened in 18{n + 10}. It crosses the river Ondry."
        (folder / f"{town}.md").write_text(f"# About {town}\n\n{text}\n")
    return folder


@pytest.fixture
def make(docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    maker = Maker(docs)
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", maker.model)
    monkeypatch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", WordCounter)
    yield maker
    for rag in maker.made:
        rag.close()


@pytest.fixture
def ask() -> Callable[[str], dict[str, Any]]:
    return lambda question: {"messages": [("user", question)]}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    """Record the package's spans, for this test alone."""
    recorded = Spans()
    monkeypatch.setattr(traces, "tracer", lambda: recorded.tracer)
    monkeypatch.delenv(traces.CONTENT, raising=False)
    return recorded
