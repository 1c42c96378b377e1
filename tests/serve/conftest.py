"""Applications with scripted models, asked without a network."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

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


def written(folder: Path, policy: dict[str, Any]) -> Path:
    """Return the file of a policy; its stem is the model's name."""
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(policy, sort_keys=False))
    return path


def asked(content: Any = "When did the bridge open?", **more: Any) -> dict[str, Any]:
    """Return the body of a request."""
    return {"model": "policy", "messages": [{"role": "user", "content": content}], **more}


class Site:
    """Makes applications, and clients of them; ``chat`` is their model, and ``script`` its answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script: Callable[[str, str], str] = lambda kind, prompt: ANSWER
        self.chat = ScriptedChat(script=lambda kind, prompt: self.script(kind, prompt))
        self.more: dict[str, ScriptedChat] = {}
        self.made: list[DynamicRAG] = []
        self.rag: DynamicRAG

    def app(self, settings: Settings = Settings(), policies: Any = None, **changes: Any) -> Any:  # noqa: B008
        self.rag = DynamicRAG.from_policy(
            written(self.folder, policy(**changes)),
            models={"m": self.chat, **self.more},
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
    made = Site(tmp_path)
    yield made
    for rag in made.made:
        rag.close()


@pytest.fixture
def keys():
    return read_keys({"anna": ANNA, "bert": BERT}, "keys")


class Visit:
    """One request to an application by its bare protocol, whose client may leave or send slowly.

    Args:
        app: The application.
        body: Pieces of the body; the last one ends it unless ``ends`` is false.
        headers: Headers, besides the host and the content type.
        path: The path.
        ends: Whether the body ends.
    """

    def __init__(self, app, *body, headers=(), path="/v1/chat/completions", ends=True):
        kept = {"host": "127.0.0.1", "content-type": "application/json", **dict(headers)}
        self.scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "scheme": "http", "headers": [(k.encode(), v.encode()) for k, v in kept.items()],
        }  # fmt: skip
        self.pieces = [
            {"type": "http.request", "body": piece, "more_body": n < len(body) or not ends}
            for n, piece in enumerate(body, 1)
        ]
        self.read = 0
        self.sent: list[Any] = []
        self.leaves = asyncio.Event()
        self.task = asyncio.create_task(app(self.scope, self._receive, self._send))

    async def _receive(self):
        if self.pieces:
            self.read += 1
            return self.pieces.pop(0)
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def text(self):
        return b"".join(each.get("body", b"") for each in self.sent[1:]).decode()

    async def until(self, condition):
        """Wait until a condition holds."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def leave(self):
        """Close the connection, and wait until the application has noticed."""
        self.leaves.set()
        await self.done()

    async def done(self):
        async with asyncio.timeout(10):
            await asyncio.wait([self.task])
