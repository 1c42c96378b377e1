"""Runs ``langgraph dev`` for tests, in a folder of its own, with its trap for blocking calls on."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 120


class Server:
    """A running server.

    Args:
        process: Its process.
        url: Its address.
        log: The file of its output.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
        self.process, self.url, self._log = process, url, log

    @property
    def log(self) -> str:
        """Its output so far."""
        return self._log.read_text()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait for its end."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, by)
            self.process.wait(timeout=30)

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log[-3000:]
            try:
                if httpx.get(f"{self.url}/ok", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError(f"no server after {START_SECONDS} s:\n{self.log[-3000:]}")


@contextmanager
def serving(folder: Path, env: Mapping[str, str], config: str = "langgraph.json") -> Iterator[Server]:
    """Run a server while the block runs.

    Args:
        folder: A folder for it: the server keeps its state in it.
        env: Further variables of its environment.
        config: Its configuration.
    """
    pytest.importorskip("langgraph_cli", reason="needs langgraph-cli[inmem]")
    pytest.importorskip("langgraph_api", reason="needs langgraph-cli[inmem]")
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / config, folder)
    shutil.copytree(ROOT / "graphs", folder / "graphs", ignore=shutil.ignore_patterns("__pycache__"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload"]
    command += ["--config", config, "--port", str(port), "--n-jobs-per-worker", "4"]
    log = folder / "log.txt"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": "false", **env},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)
    try:
        server._wait()
        yield server
    finally:
        server.stop()
    assert "BlockingError" not in server.log
