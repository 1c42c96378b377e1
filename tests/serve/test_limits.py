"""Large, slow and encoded bodies are refused before they are read; so are too many queries at a time."""

import asyncio
import gzip
import json

import pytest
from fastapi import FastAPI

from dynamicrag.serve import Settings

from .conftest import ANNA, Visit, asked
from .test_chat import PATH

BODY = json.dumps(asked()).encode()


async def test_a_large_body_is_refused_by_its_length_and_not_read(site):
    visit = Visit(site.app(), b"x", headers={"content-length": str(500_000_000)}, ends=False)
    await visit.done()
    assert (visit.status, visit.read) == (413, 0)
    assert visit.headers["connection"] == "close"
    assert "at most 1,000,000 bytes" in visit.text


async def test_a_large_body_without_length_is_read_to_the_limit_only(site):
    pieces = [b"x" * 100_000] * 5_000
    visit = Visit(site.app(), *pieces)
    await visit.done()
    assert (visit.status, visit.read) == (413, 11)


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5_000, "1e3"])
async def test_a_length_that_is_no_number_is_refused(site, length):
    visit = Visit(site.app(), BODY, headers={"content-length": length})
    await visit.done()
    assert (visit.status, visit.read) == (413, 0)


async def test_a_zip_bomb_is_refused_unread(site):
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < 20_000
    visit = Visit(site.app(), bomb, headers={"content-encoding": "gzip"})
    await visit.done()
    assert (visit.status, visit.read) == (415, 0)


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
async def test_a_body_that_is_not_json_is_refused(site, kind):
    """A web page of another origin may send these without asking first."""
    visit = Visit(site.app(), BODY, headers={"content-type": kind})
    await visit.done()
    assert (visit.status, visit.read) == (415, 0)


async def test_a_body_that_does_not_end_is_refused_in_time(site):
    visit = Visit(site.app(Settings(body_seconds=0.1)), b'{"model"', ends=False)
    await visit.done()
    assert visit.status == 408
    assert site.chat.calls == []


async def test_a_client_that_leaves_in_its_body_is_forgotten(site):
    visit = Visit(site.app(), b'{"model"', ends=False)
    await visit.leave()
    assert visit.sent == []


async def test_a_large_body_with_a_wrong_key_is_not_read(site, keys):
    visit = Visit(site.app(Settings(keys=keys)), b"x", headers={"authorization": "Bearer wrong"}, ends=False)
    await visit.done()
    assert (visit.status, visit.read, visit.headers["connection"]) == (401, 0, "close")
    visit = Visit(site.app(Settings(keys=keys)), BODY, headers={"authorization": f"Bearer {ANNA}"})
    await visit.done()
    assert visit.status == 200


async def test_a_mounted_application_has_the_same_limits(site, keys):
    outer = FastAPI()
    outer.mount("/rag", site.app(Settings(keys=keys, body_bytes=500)))
    headers = {"authorization": f"Bearer {ANNA}"}
    for more, body, status in (({}, BODY, 401), (headers, BODY, 200), (headers, b" " * 501, 413)):
        visit = Visit(outer, body, headers=more, path=f"/rag{PATH}")
        await visit.done()
        assert visit.status == status
    assert (await site.of(outer).get("/rag/healthz")).status_code == 200


async def test_queries_wait_in_order_and_further_ones_are_refused(site):
    site.script = lambda kind, prompt: "It opened WAIT"
    app = site.app(Settings(concurrency=1, queue=1))
    running = Visit(app, json.dumps(asked(stream=True)).encode())
    await running.until(lambda: site.chat.calls)
    waiting = Visit(app, BODY)
    await waiting.until(lambda: app.state.service.gate.admitted == 2)
    refused = await site.of(app).post(PATH, json=asked())
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert int(refused.headers["retry-after"]) > 0
    metrics = (await site.of(app).get("/metrics")).text
    assert "dynamicrag_queries_running 1.0\n" in metrics
    assert "dynamicrag_queries_waiting 1.0\n" in metrics
    site.script = lambda kind, prompt: "At last."
    await running.leave()
    await waiting.done()
    assert json.loads(waiting.text)["choices"][0]["message"]["content"] == "At last."


async def test_a_wait_in_the_queue_is_limited_and_a_client_may_leave_it(site):
    site.script = lambda kind, prompt: "It opened WAIT"
    app = site.app(Settings(concurrency=1, queue=5, queue_seconds=0.2))
    running = Visit(app, BODY)
    await running.until(lambda: site.chat.calls)
    leaving = Visit(app, BODY)
    await leaving.until(lambda: app.state.service.gate.admitted == 2)
    await leaving.leave()
    assert app.state.service.gate.admitted == 1
    late = await site.of(app).post(PATH, json=asked())
    assert (late.status_code, late.json()["error"]["code"]) == (503, "overloaded")
    await running.leave()
    assert app.state.service.gate.admitted == 0
    assert len(site.chat.calls) == 1


async def test_parallel_queries_do_not_mix(site):
    site.script = lambda kind, prompt: prompt.partition("number ")[2].partition("?")[0]
    client = site.client(Settings(concurrency=8))

    async def ask(n):
        response = await client.post(PATH, json=asked(f"What is number {n}?"))
        return response.json()["choices"][0]["message"]["content"]

    assert await asyncio.gather(*map(ask, range(20))) == [str(n) for n in range(20)]
