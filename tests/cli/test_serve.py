"""``dynamicrag serve``: refused before anything is loaded, or answering until it is stopped."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dynamicrag.testing import ScriptedServer
from dynamicrag.testing.server import said
from tests.serve.test_reach import certificate

ROOT = Path(__file__).parents[2]
KEY = "anna-key-of-sixteen"
POLICY = """
version: 1
corpora: {{docs: {{path: docs/}}}}
models:
  m: {{model: "openai:gpt-4o-mini", params: {{base_url: "{url}", api_key: none}}, profile: {{usd: 0}}}}
host: {{meter: cpu}}
stages:
  retrieval: {{options: [single]}}
  retriever: {{options: {{lexical: {{bm25: {{}}}}}}}}
  prompt: {{options: [direct]}}
"""


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.delenv("DYNAMICRAG_API_KEYS", raising=False)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: other machines could ask at your cost"),
        (["--api-key-file", "none.yaml"], "--api-key-file none.yaml"),
        (["--budget-per-user", "usd"], "expected DIMENSION=AMOUNT"),
        (["--budget-per-user", "usb=1"], "did you mean 'usd'"),
        (["--budget-per-user", "usd=x"], "expected a number of 0 or more"),
        (["--policy", "p.yaml"], "two policies have the name 'p'"),
        (["--policy", "none.yaml"], "none.yaml"),
        (["--policy", "balancd"], "did you mean 'balanced'"),
        (["--host", "no.such.host.invalid"], "other machines"),
        (["--budget-per-user", "usd=1"], "no price is known of model"),
        (["--ssl-keyfile", "p.yaml"], "give --ssl-certfile FILE"),
        (["--ssl-certfile", "p.yaml"], "expected a certificate and its key in PEM"),
        (["--cors-origin", "*"], "without API keys, every page"),
        (["--root-path", "rag"], "expected a path, for example /rag"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_loaded(there, run, args, words):
    code, _, err = run("serve", "--policy", "p.yaml", "--port", "0", *args)
    assert code == 1
    assert words in err.replace("\n", " ")


def test_a_port_that_is_taken_is_refused(there, run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, err = run("serve", "--policy", "p.yaml", "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "cannot listen there (Address already in use); choose another" in err


def test_the_extra_is_asked_for(there, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, _, err = run("serve", "--policy", "p.yaml")
    assert (code, "pip install 'dynamicrag[serve]'" in err) == (1, True)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_it_answers_until_it_is_stopped(there):
    """With a provider of OpenAI's protocol behind it, and policy, keys and certificate as a user has them."""
    provider = ScriptedServer(lambda body: said("It has 164 steps."))
    (there / "q.yaml").write_text(POLICY.format(url=provider.url))
    (there / "keys.yaml").write_text(f"anna: {KEY}\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DYNAMICRAG_DATA": str(there / "data")}
    cert, key = certificate(there)
    trusted = ssl.create_default_context(cafile=cert)
    command = [sys.executable, "-m", "dynamicrag.cli", "serve", "--policy", "q.yaml", "--port", "0",
               "--api-key-file", "keys.yaml", "--budget-per-user", "joules=1e6", "--root-path", "/rag/",
               "--ssl-certfile", cert, "--ssl-keyfile", key, "--cors-origin", "*"]  # fmt: skip
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=there, env=env, text=True, **pipes) as process:
        try:
            lines = []
            while not (lines and lines[-1].startswith("https://")):
                line = process.stdout.readline()
                assert line, process.stderr.read()
                lines.append(line)
            assert any("starting the meter" in line for line in lines), "progress"
            body = {"model": "q", "messages": [{"role": "user", "content": "How many steps has it?"}]}
            headers = {"authorization": f"Bearer {KEY}"}
            url = f"{lines[-1].strip()}/chat/completions"
            assert "/rag/v1/" in url
            with httpx.Client(verify=trusted, timeout=60) as client:
                answer = client.post(url, json=body, headers=headers)
                assert answer.json()["choices"][0]["message"]["content"] == "It has 164 steps."
                assert client.post(url.replace("/rag", ""), json=body).status_code == 401
            assert "pages of every site" in process.stdout.readline() + process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert "stopped; all accounts are closed" in process.stdout.read()
            assert "rror" not in process.stderr.read()
        finally:
            process.kill()
            provider.close()
