"""A llama.cpp server inside this process, one per model, shared by all threads and tasks.

The server listens on a free loopback port, requires a key known only to this process, and ends with the
process. It is started on first use, or by :meth:`LocalServer.start`.

A server has ``slots``: requests computed at the same time. Further requests wait on our side, so that a
request is charged only from the start of its slot.
"""

import asyncio
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from dynamicrag import extras
from dynamicrag.errors import ModelUnavailable, ProviderError
from dynamicrag.llm.catalogue import entry
from dynamicrag.llm.cpu_account import CpuAccount, Span
from dynamicrag.llm.prompt_cache import Slots
from dynamicrag.llm.pull import pulled

__all__ = ["LocalServer", "local_server"]

_COUNTS_KEPT = 4096
_lock = threading.Lock()
_servers: dict[tuple[int, Path, int, int, int], "LocalServer"] = {}


def local_server(
    model: str, *, slots: int = 2, context: int = 4096, threads: int | None = None
) -> "LocalServer":
    """Return this process's server for a model; the same arguments give the same server.

    Args:
        model: A chat model of the catalogue, already pulled, or the path of a GGUF file.
        slots: Requests computed at the same time.
        context: Tokens per slot, prompt and answer together; a model's own limit lowers it.
        threads: Threads that compute; by default one per physical core this process may use.

    Raises:
        ModelUnavailable: Unknown model, not a chat model, not pulled, or no such file.
    """
    path, limit = _file_of(model)
    # the process id is part of the key, for a server's threads do not survive a fork
    key = (os.getpid(), path, slots, min(context, limit or context), threads or physical_cores())
    with _lock:
        if key not in _servers:
            _servers[key] = LocalServer(model, path, *key[2:])
        return _servers[key]


def _file_of(model: str) -> tuple[Path, int | None]:
    if model.endswith(".gguf"):
        path = Path(model).expanduser()
        if not path.is_file():
            raise ModelUnavailable(f"local model: there is no file {model}")
        return path.resolve(), None
    return pulled(model), entry(model).context


@cache
def physical_cores() -> int:
    """Return the number of physical cores, or of allowed ones where those are fewer."""
    psutil = import_module("psutil")  # a dependency of CodeCarbon; has no stubs
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, psutil.cpu_count(logical=False) or allowed)


class LocalServer:
    """One model, loaded once. Made by :func:`local_server`."""

    def __init__(self, name: str, path: Path, slots: int, context: int, threads: int) -> None:
        self.name = name
        self.path = path
        self.slots = slots
        self.context = context
        self.threads = threads
        self.key = secrets.token_urlsafe(16)
        self.account = CpuAccount(path.stat().st_size, threads)
        self.held = Slots(slots)
        self._server: Any = None
        self._starting = threading.Lock()
        self._counts: OrderedDict[str, int] = OrderedDict()

    def start(self) -> str:
        """Load the model unless it is loaded; blocks for seconds, call it outside of an event loop.

        Returns:
            Base URL of the server, without ``/v1``.

        Raises:
            ModelUnavailable: The extra ``local`` is not installed, or llama.cpp cannot load the file.
        """
        with self._starting:
            if self._server is None:
                self._server = self._load()
            return str(self._server.listening_address)

    def _load(self) -> Any:
        try:
            from xllamacpp import CommonParams, Server
        except ImportError as error:
            raise ModelUnavailable(
                f"model {self.name}: running it needs xllamacpp; {extras.install('local')}"
            ) from error
        params = CommonParams()
        params.model.path = str(self.path)
        params.n_parallel = self.slots
        params.n_ctx = self.slots * self.context  # llama.cpp divides it among the slots
        params.cpuparams.n_threads = self.threads
        params.cpuparams_batch.n_threads = self.threads
        params.cache_ram_mib = 0  # by default it may keep 8 GiB of old prompts
        params.api_keys = [self.key]
        params.ui = False
        params.endpoint_slots = False
        params.verbosity = -1
        try:
            return Server(params)
        except Exception as error:
            raise ModelUnavailable(f"model {self.name}: cannot load {self.path.name}: {error}") from error

    @cached_property
    def _slot(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.slots)  # of the portal's loop

    @asynccontextmanager
    async def slot(self, prompt: str) -> AsyncIterator[Span]:
        """Hold a slot while a request with this prompt is computed. Runs on the portal's loop."""
        async with self._slot:
            with self.held.taken(prompt), self.account.span() as span:
                yield span

    @cached_property
    def _client(self) -> Any:
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.AsyncClient(headers=headers, timeout=60, trust_env=False)  # no proxy to ourselves

    async def count_tokens(self, text: str) -> int:
        """Count the tokens of ``text`` exactly. Runs on the portal's loop."""
        if text in self._counts:
            self._counts.move_to_end(text)
            return self._counts[text]
        tokens = (await self._post("/tokenize", {"content": text}))["tokens"]
        self._counts[text] = len(tokens)
        if len(self._counts) > _COUNTS_KEPT:
            self._counts.popitem(last=False)
        return len(tokens)

    async def count_prompt(self, messages: Sequence[Mapping[str, str]]) -> int:
        """Count the tokens of a conversation in the model's own chat template. Runs on the portal's loop.

        Args:
            messages: ``{"role": ..., "content": ...}``, as in OpenAI's API.
        """
        prompt = (await self._post("/apply-template", {"messages": list(messages)}))["prompt"]
        return await self.count_tokens(str(prompt))

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        base = await asyncio.to_thread(self.start) if self._server is None else self.start()
        response = await self._client.post(base + path, json=body)
        if response.is_error:
            raise ProviderError(f"model {self.name}: {path} failed: {response.text[:200]}")
        return dict(response.json())
