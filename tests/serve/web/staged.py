"""A server of the web chat with scripted models over the sample documents, for tests and for screenshots."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dynamicrag import DynamicRAG
from dynamicrag.retrieval.local_embedder import LocalEmbedder
from dynamicrag.serve import Settings, create_app
from dynamicrag.serve.web import WebSettings, mount
from dynamicrag.testing import FakeEmbedder, ScriptedModel

CORPUS = Path(__file__).parents[3] / "examples" / "corpus"
ANSWERS = {
    "opened the Hallorin Bridge": "Reeve Osbert Thrane opened the Hallorin Bridge on 3 June 1911.",
    "designed": "It was designed by the engineer Idonea Varrick.",
    "built": "The Hallorin Bridge was built between **1908 and 1911**, of green Tamrick stone.",
    "lighthouse": "A visitor climbs 164 steps to the top of the tower.",
    "attack": '<img src=x onerror="window.pwned=1"> <script>window.pwned=1</script> **bold** '
    "![p](https://evil.example/p.png) [here](javascript:window.pwned=1) <b>raw</b>",
    "slow": "One WAIT two",
    "הגשר": "הגשר נפתח:\n\n| שנה | מי |\n|---|---|\n| 1911 | Thrane |",
    "cellar": "The cellar of the museum holds 412 casks.",
}
MODELS = (("small", 1e-7, 0.01, 0.3), ("medium", 4e-7, 0.03, 0.45), ("large", 2e-6, 0.1, 0.65))
"""Name, dollars and joules per token, and accuracy of each model."""
WRONG = "Zebras juggle violet umbrellas quietly."


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


def script(name: str):
    """Return the script of a model; the small one is wrong about who designed the bridge."""

    def answer(kind: str, prompt: str) -> str:
        if kind != "answer":
            return prompt.strip().splitlines()[-1].removeprefix("Last question: ")
        asked = prompt.rpartition("Question:")[2]
        if "designed" in asked and name == "small":
            return WRONG
        if "archive" in asked:
            found = re.search(r"archive of Ondrel holds (\d+) maps", prompt)
            return f"It holds {found[1]} maps." if found else "unanswerable"
        return next(
            (text for words, text in ANSWERS.items() if words in asked), "I cannot tell from the documents."
        )

    return answer


def policies(folder: Path) -> dict[str, Any]:
    """Return the policies by name: one that routes by the prior, and two that doubt the small model."""
    paths = [str(CORPUS), str(folder)]
    models = {
        name: {
            "model": f"fake:{name}", "ability": ability,
            "profile": {
                "usd": {"input": price, "output": price}, "joules": {"input": joules, "output": 10 * joules},
            },
        }
        for name, price, joules, ability in MODELS
    }  # fmt: skip
    retriever = {"options": {"lexical": "bm25"}}
    common = {
        "version": 1, "models": models, "helper": "medium", "host": {"meter": "cpu"},
        "corpora": {"docs": {"path": paths}}, "objective": {"weights": {"usd": 20, "joules": 0.0005}},
        "outside": "answer",
    }  # fmt: skip
    doubts = {
        "retriever": retriever,
        "context": {"options": {"short": {"chunks": 3}}},
        "prompt": {"options": {"direct": {"style": "full"}}},
        "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
        "verification": {
            "options": ["accept", "escalate"], "verifiers": ["groundedness"],
            "router": {"thresholds": {"groundedness": 0.5}}, "escalate": {"ungrounded": "generator"},
            "max_escalations": 1,
        },
    }  # fmt: skip
    return {
        "balanced": {
            **common,
            "stages": {
                "retrieval": {"options": ["none", "single"], "router": "prior"},
                "retriever": retriever,
                "context": {"options": {"short": {"chunks": 3}, "long": {"chunks": 8}}, "router": "prior"},
                "prompt": {"options": {"direct": {"style": "full"}}},
                "generator": {"options": ["small", "medium", "large"], "router": "prior"},
            },
        },
        "doubting": {**common, "stages": doubts},
        "asking": {
            **common,
            "models": {
                name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}}}
                for name, price in (("small", 0.001), ("medium", 0.001), ("large", 0.01))
            },
            "objective": {"budget": {"per_query": {"usd": 0.005}, "exhausted": "ask"}},
            "stages": doubts,
        },
    }  # fmt: skip


def stage_rag(patch: Any, folder: Path) -> DynamicRAG:
    """Return the policies with scripted models. ``patch`` is pytest's ``MonkeyPatch``."""
    folder.mkdir(parents=True, exist_ok=True)
    patch.setattr(
        "dynamicrag.policy.build_models.chat_model",
        lambda name, spec, **p: ScriptedModel(name, spec, script(name), **p),
    )
    patch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", WordVectors)
    made = policies(folder)
    first = folder.parent / "balanced.yaml"  # a policy has the name of its file
    first.write_text(yaml.safe_dump(made.pop("balanced"), sort_keys=False))
    return DynamicRAG.from_policy(first, policies=made)


def serving(
    rag: DynamicRAG, settings: WebSettings, server: Settings | None = None
) -> contextlib.AbstractContextManager[str]:
    """Serve the API and the web chat on a free port; its value is the address."""
    return running(mount(create_app(rag, server or Settings()), rag, settings))


def proxy(address: str, path: str) -> Any:
    """Return a reverse proxy that serves an address below a path, and removes that path."""
    client = httpx.AsyncClient(base_url=address, timeout=60)

    async def passed(request: Request) -> Response:
        headers = {**request.headers, "x-forwarded-host": request.headers["host"]}
        asked = client.build_request(
            request.method, request.url.path.removeprefix(path), params=request.query_params,
            headers=headers, content=await request.body(),
        )  # fmt: skip
        answer = await client.send(asked, stream=True)
        ending = BackgroundTask(answer.aclose)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, answer.headers, background=ending)

    return Starlette(routes=[Route(f"{path}{{rest:path}}", passed, methods=["GET", "POST"])])


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """Run an application on a free port; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    runner = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    while not runner.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    runner.should_exit = True
    thread.join(10)
