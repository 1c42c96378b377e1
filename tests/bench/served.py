"""The time that the HTTP server adds to a query, against the bare graph in the same process.

Both answer as many questions at once, with a scripted model and the same limit of concurrent queries: the
graph by ``ainvoke``, the server for a client in another process. Rounds alternate. ``python -m
tests.bench.served`` prints the CPU time that the server adds to a query, which the load of the machine hardly
changes, and p50 and p95 of the seconds in which the answers are there, which it does.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import uvicorn

from dynamicrag import DynamicRAG
from dynamicrag.serve import Settings, create_app
from dynamicrag.serve.running import KEEP_ALIVE_SECONDS, listening
from dynamicrag.testing import FakeRetriever, ScriptedChat
from tests.bench.measure import Measure

PARALLEL, ROUNDS, CONCURRENCY = 200, 5, 32
GOAL = 10.0
"""Milliseconds of CPU that the server may add to a query."""
POLICY = {
    "version": 1,
    "models": {"m": {}},
    "host": {"meter": "none"},
    "stages": {"retrieval": {"options": ["single"]}, "prompt": {"options": ["direct"]}},
}
QUESTION = "When did the bridge open?"
Ask = Callable[[], Awaitable[None]]
Round = tuple[list[float], float]
"""The seconds after which each answer is there, and the CPU-seconds of this process per query."""


async def all_at_once(ask: Ask, number: int) -> list[float]:
    """Return the seconds after which each of many answers is there."""
    begin = time.perf_counter()

    async def one() -> float:
        await ask()
        return time.perf_counter() - begin

    return await asyncio.gather(*(one() for _ in range(number)))


async def client(url: str, model: str, number: int) -> list[float]:
    """Ask a server over connections that are open before; the client itself costs next to nothing."""
    address = urlsplit(url)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": QUESTION}]}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    opened = [await asyncio.open_connection(address.hostname, address.port) for _ in range(number)]
    lines = iter(opened)

    async def ask() -> None:
        reader, writer = next(lines)
        writer.write(head.encode() + body)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
        writer.close()

    return await all_at_once(ask, number)


async def rounds(number: int = PARALLEL, repeat: int = ROUNDS) -> tuple[list[Round], list[Round]]:
    """Return the rounds of the bare graph and of the server."""
    rag = DynamicRAG.from_policy(
        POLICY,
        models={"m": ScriptedChat(script=lambda kind, prompt: "It opened in 1871.")},
        retrievers={"kb": FakeRetriever(["It opened in 1871."])},
    )
    graph, name = rag.build_graph().compile(), rag.pipeline.policy.name
    places = asyncio.Semaphore(CONCURRENCY)

    async def ask() -> None:
        async with places:
            await graph.ainvoke({"messages": [("user", QUESTION)]})

    async def bare() -> list[float]:
        return await all_at_once(ask, number)

    with listening("127.0.0.1", 0) as bound:
        app = create_app(rag, Settings(concurrency=CONCURRENCY, queue=number))
        idle = {"timeout_keep_alive": KEEP_ALIVE_SECONDS}
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **idle))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await _timed(bare, number)
        found = [
            (await _timed(bare, number), await _timed(lambda: _other_process(url, name, number), number))
            for _ in range(repeat)
        ]
        server.should_exit = True
        await serving
    rag.close()
    return [own for own, _ in found], [other for _, other in found]


async def _timed(work: Callable[[], Awaitable[list[float]]], number: int) -> Round:
    begin = time.process_time()
    return await work(), (time.process_time() - begin) / number


async def _other_process(url: str, model: str, number: int) -> list[float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.served", url, model, str(number), stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2], env=os.environ,
    )  # fmt: skip
    out, _ = await process.communicate()
    found: list[float] = json.loads(out)
    return found


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """Return p50 and p95 in milliseconds."""
    cuts = quantiles(seconds, n=20)
    return 1e3 * cuts[9], 1e3 * cuts[18]


def measures() -> list[Measure]:
    """Return the CPU time that the server adds to a query; the percentiles are a note."""
    bare, served = asyncio.run(rounds())
    pairs = [(percentiles(a), percentiles(b)) for (a, _), (b, _) in zip(bare, served, strict=True)]
    p50, p95 = (median(b[i] - a[i] for a, b in pairs) for i in (0, 1))
    own50, own95 = (median(a[i] for a, _ in pairs) for i in (0, 1))
    cpu = [1e3 * median(each for _, each in found) for found in (bare, served)]
    note = (
        f"{cpu[1]:.1f} ms against {cpu[0]:.1f} ms; {PARALLEL} at once: p50 {p50:+.0f} ms on {own50:.0f} ms, "
        f"p95 {p95:+.0f} ms on {own95:.0f} ms"
    )
    return [Measure("HTTP server: CPU ms added to a query", cpu[1] - cpu[0], GOAL, note)]


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.stdout.write(json.dumps(asyncio.run(client(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
    else:
        for measure in measures():
            sys.stdout.write(f"{measure}\n")
