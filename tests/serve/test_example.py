"""The example of OpenAI's client runs against a server."""

import importlib.util
import sys

import pytest

from .process import ROOT, served

PATH = ROOT / "examples" / "openai_client.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("example_openai_client", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_short():
    assert len(PATH.read_text().splitlines()) < 100


@pytest.mark.slow
def test_it_asks_shows_and_rates(example, tmp_path, monkeypatch, capsys):
    with served(tmp_path) as server:
        args = ["openai_client.py", "--url", f"{server.url}/v1", "--model", "policy"]
        monkeypatch.setattr(sys, "argv", [*args, "--rate", "up", "What is number 7?"])
        assert example.main() == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "It is 7."
        assert lines[1] == "single → kb → short → direct → m → accept"
        assert lines[2] == "sources: bridge, ferry"
        assert lines[-1] == "rated up"
        monkeypatch.setattr(sys, "argv", [*args[:-1], "none", "x"])
        with pytest.raises(SystemExit, match="does not exist"):
            example.main()


@pytest.mark.slow
def test_without_a_server_it_says_what_to_start(example, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["openai_client.py", "--url", "http://127.0.0.1:9/v1", "x"])
    with pytest.raises(SystemExit, match="start one with: dynamicrag serve"):
        example.main()
