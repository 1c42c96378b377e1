"""Whether an address is on this host, and which server a model calls."""

import socket
from types import SimpleNamespace

import psutil
import pytest

from dynamicrag.llm.build import chat_model
from dynamicrag.policy.build_embedders import embedder_of
from dynamicrag.whereabouts import Address, called_by, on_this_host

OWN = "192.0.2.7"


@pytest.fixture
def interfaces(monkeypatch):
    rows = [SimpleNamespace(address=address) for address in (OWN, "fe80::1%eth0", "02:00:00:00:00:01")]
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": rows})
    monkeypatch.setattr(socket, "gethostname", lambda: "Box.lan")


HERE = ["localhost", "LOCALHOST.", "api.localhost", "127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::",
        "::ffff:127.0.0.1", OWN, "fe80::1", "box", "box.lan",
        "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0",
        "localhost.localdomain", "ip6-localhost"]  # fmt: skip


@pytest.mark.parametrize("host", HERE)
def test_this_host(interfaces, host):
    assert on_this_host(host)


@pytest.mark.parametrize(
    "host", ["192.0.2.8", "example.com", "2001:db8::1", "", None, "boxer", "300.1.1.1", "10.1", "3221225992"]
)
def test_another_host(interfaces, host):
    assert not on_this_host(host)


@pytest.mark.parametrize(
    ("provider", "url", "address"),
    [
        ("openai", "http://localhost:8000/v1", ("localhost", 8000)),
        ("openai", "http://localhost/v1", ("localhost", 80)),
        ("openai", "https://[::1]/v1", ("::1", 443)),
        ("openai", "http://localhost:port/v1", None),
        ("openai", "", None),
        ("ollama", "", ("127.0.0.1", 11434)),
        ("ollama", "box:5000", ("box", 5000)),
        ("ollama", "box", ("box", 11434)),
        ("ollama", ":5000", ("127.0.0.1", 5000)),
        ("ollama", "box:port", None),
        ("ollama", "http://box", ("box", 80)),
    ],
)
def test_the_called_address(monkeypatch, provider, url, address):
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert called_by(provider, url) == address


def test_ollama_s_own_variable_tells_its_host(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "gpu.example:11434")
    model = chat_model("m", "ollama:llama3.2")
    assert (model.runs, str(model.address)) == ("remote", "gpu.example:11434")
    assert embedder_of("ollama:nomic-embed-text", "here").runs == "remote"
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0")
    assert chat_model("m", "ollama:llama3.2").runs == "same_host"


def test_an_address_is_written_as_in_a_url():
    assert str(Address("::1", 80)) == "[::1]:80"
