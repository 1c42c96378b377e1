"""Clients as they are: OpenAI's for Python and for JavaScript, and curl, against a server in a process."""

import asyncio
import json
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import openai
import pytest

from .conftest import ANNA
from .process import served

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent


def ask(content, **more):
    return {"model": "policy", "messages": [{"role": "user", "content": content}], **more}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)


def metric(server, name):
    text = httpx.get(f"{server.url}/metrics").text
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), 0.0)


class TestPython:
    def test_an_answer(self, client):
        raw = client.chat.completions.with_raw_response.create(**ask("What is number 7?"))
        answer = raw.parse()
        assert answer.choices[0].message.content == "It is 7."
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + 3
        about = answer.model_extra["dynamicrag"]
        assert raw.headers["x-dynamicrag-query-id"] == about["query_id"]
        assert about["cost"]["joules"]["value"] > 0

    def test_a_stream(self, client):
        options = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(**ask("What is number 8?", stream=True, stream_options=options))
        )
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "It is 8."
        assert chunks[-1].usage.completion_tokens == 3
        assert chunks[-1].model_extra["dynamicrag"]["path"]["generator"] == "m"

    def test_the_stream_helper(self, client):
        with client.chat.completions.stream(**ask("What is number 9?")) as stream:
            final = stream.get_final_completion()
        assert final.choices[0].message.content == "It is 9."

    @pytest.mark.parametrize(
        ("more", "kind", "code"),
        [
            ({"model": "none"}, openai.NotFoundError, "model_not_found"),
            ({"n": 2}, openai.BadRequestError, "unsupported_parameter"),
            ({"messages": []}, openai.BadRequestError, None),
            ({"extra_body": {"dynamicrag": {"options": {"generator": "x"}}}}, openai.BadRequestError, None),
        ],
    )
    def test_errors(self, client, more, kind, code):
        with pytest.raises(kind) as refused:
            client.chat.completions.create(**{**ask("x"), **more})
        assert refused.value.code == code

    def test_a_model_that_breaks_half_way(self, client):
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(**ask("A broken one?", stream=True)))

    def test_cancellation(self, server, client):
        gone = 'dynamicrag_queries_total{policy="policy",status="499"}'
        before = metric(server, gone)
        stream = client.chat.completions.create(**ask("A slow one?", stream=True))
        assert any(chunk.choices[0].delta.content for chunk in stream)
        stream.close()
        until = time.monotonic() + 10
        while metric(server, gone) == before and time.monotonic() < until:
            time.sleep(0.05)
        assert metric(server, gone) == before + 1

    def test_a_timeout_of_the_client_cancels(self, server, client):
        with pytest.raises(openai.APITimeoutError):
            client.with_options(timeout=0.5).chat.completions.create(**ask("A slow one?"))
        until = time.monotonic() + 10
        while metric(server, "dynamicrag_queries_running") and time.monotonic() < until:
            time.sleep(0.05)
        assert metric(server, "dynamicrag_queries_running") == 0

    def test_models(self, client):
        assert [model.id for model in client.models.list()] == ["policy"]
        assert client.models.retrieve("policy").owned_by == "dynamicrag"

    async def test_the_asynchronous_client(self, server):
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
            stream = await client.chat.completions.create(**ask("What is number 5?", stream=True))
            assert "".join([c.choices[0].delta.content or "" async for c in stream]) == "It is 5."


def test_the_javascript_client(server, tmp_path):
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("needs node and npm")
    install = ["npm", "install", "--prefix", tmp_path, "--no-audit", "--no-fund", "--silent", "openai"]
    if subprocess.run(install, capture_output=True, timeout=120).returncode:
        pytest.skip("npm cannot fetch the package openai")
    done = subprocess.run(
        ["node", HERE / "client.mjs", server.url, tmp_path], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
class TestCurl:
    def curl(self, server, *args, path="/v1/chat/completions"):
        command = ["curl", "-sS", "-N", "-H", "Content-Type: application/json", *args, f"{server.url}{path}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    def test_an_answer_and_a_stream(self, server):
        done = self.curl(server, "-d", json.dumps(ask("What is number 7?")))
        assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "It is 7."
        done = self.curl(server, "-d", json.dumps(ask("What is number 7?", stream=True)))
        assert done.stdout.endswith("data: [DONE]\n\n")

    def test_an_error(self, server):
        done = self.curl(server, "-w", "%{http_code}", "-d", "{")
        assert done.stdout.endswith("400")
        assert json.loads(done.stdout[:-3])["error"]["type"] == "invalid_request_error"

    def test_a_body_of_500_megabytes(self, server, tmp_path):
        """It has no blocks on the disk."""
        large = tmp_path / "large"
        with large.open("wb") as file:
            file.truncate(500_000_000)
        began = time.monotonic()
        done = self.curl(server, "-w", "%{http_code} %{size_upload}", "-T", large, "-X", "POST")
        status, uploaded = done.stdout.rpartition("}")[2].split()
        assert status == "413"
        assert int(uploaded) < 5_000_000
        assert time.monotonic() - began < 10


MANY = 100


async def test_a_server_with_keys_many_callers_and_a_stop_leaves_the_account_intact(tmp_path):
    """One server does it all, for its start takes longer than the rest."""
    with served(tmp_path, ANNA) as server:
        with pytest.raises(openai.AuthenticationError) as refused:
            openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0).models.list()
        assert refused.value.code == "invalid_api_key"
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=ANNA, max_retries=0)
        answer = client.chat.completions.create(**ask("What is number 3?"))
        assert answer.choices[0].message.content == "It is 3."
        limits = httpx.Limits(max_connections=MANY, max_keepalive_connections=0)
        settings = {"limits": limits, "timeout": 240, "base_url": server.url}
        keyed = {"authorization": f"Bearer {ANNA}"}
        async with httpx.AsyncClient(**settings, headers=keyed) as client:
            await _many(client)
            body = ask("A slow one?", stream=True)
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                lines = response.aiter_lines()
                while "opened" not in await anext(lines):
                    pass
                began = time.monotonic()
                state, rest = await asyncio.gather(asyncio.to_thread(server.stop), _rest(lines))
        assert json.loads(rest[-1].removeprefix("data: "))["error"]["message"].startswith(
            "The server is stopp"
        )
        assert "Error" not in (server.process.stderr.read() or "")
        assert time.monotonic() - began > 1.5, "it had its time to end"
    queries = MANY + 2
    assert (state["queries"], state["failed"], state["open"]) == (queries, 1, 0)
    assert state["stored"] == queries
    assert state["budget"]["spent"] == pytest.approx(state["usd"])
    assert state["usd"] > 0
    assert state["budget"]["set_aside"] == 0


async def _many(client):
    async def one(n):
        response = await client.post("/v1/chat/completions", json=ask(f"What is number {n}?"))
        return response.status_code, response.json()["choices"][0]["message"]["content"]

    answers = await asyncio.gather(*map(one, range(MANY)))
    assert answers == [(200, f"It is {n}.") for n in range(MANY)]
    assert (await client.get("/healthz")).status_code == 200


async def _rest(lines):
    return [line async for line in lines if line]
