"""Applications with scripted models, asked without a network."""

from typing import Any

import httpx
import pytest

from dynamicrag import DynamicRAG
from dynamicrag.serve import Settings, create_app
from dynamicrag.serve.keys import read_keys
from dynamicrag.testing import FakeRetriever, ScriptedChat

TEXTS = {
    "bridge": "The bridge of Ondry opened in 1871.",
    "ferry": "The ferry of Ondry leaves at noon.",
}
ANSWER = "It opened in 1871."
PRICE = {"usd": {"input": 1e-6, "output": 1e-6}}
ANNA, BERT = "anna-key-of-sixteen", "bert-key-of-sixteen"


def policy(**changes: Any) -> dict[str, Any]:
    """Return a policy of one model that accepts every draft."""
    stages = {"retrieval": {"options": ["single"]}, "prompt": {"options": ["direct"]}}
    base = {"version": 1, "models": {"m": {"profile": PRICE}}, "host": {"meter": "none"}}
    return {**base, **changes, "stages": {**stages, **changes.get("stages", {})}}


def asked(content: Any = "When did the bridge open?", **more: Any) -> dict[str, Any]:
    """Return the body of a request."""
    return {"model": "policy", "messages": [{"role": "user", "content": content}], **more}


class Site:
    """Makes applications, and clients of them; ``chat`` is their model."""

    def __init__(self) -> None:
        self.chat = ScriptedChat(script=lambda kind, prompt: ANSWER)
        self.made: list[DynamicRAG] = []
        self.rag: DynamicRAG

    def app(self, settings: Settings = Settings(), policies: Any = None, **changes: Any) -> Any:  # noqa: B008
        self.rag = DynamicRAG.from_policy(
            policy(**changes),
            models={"m": self.chat},
            retrievers={"kb": FakeRetriever(TEXTS)},
            policies=policies,
        )
        self.made.append(self.rag)
        return create_app(self.rag, settings)

    def client(self, settings: Settings = Settings(), key: str = "", **changes: Any) -> httpx.AsyncClient:  # noqa: B008
        return self.of(self.app(settings, **changes), key)

    def of(self, app: Any, key: str = "") -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    made = Site()
    yield made
    for rag in made.made:
        rag.close()


@pytest.fixture
def keys():
    return read_keys({"anna": ANNA, "bert": BERT}, "keys")
