"""Starts the services of examples/compose without containers."""

import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(url: str, process: "subprocess.Popen[str]", seconds: float = 60) -> None:
    """Wait until a server answers with success."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")


class Chroma:
    """A Chroma server in a process of its own, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        program = Path(sysconfig.get_path("scripts")) / "chroma"
        command = [program, "run", "--path", self._folder, "--host", "127.0.0.1", "--port", str(self.port)]
        environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        answers(f"{self.url}/api/v2/heartbeat", self._process)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@contextmanager
def chroma(folder: Path) -> Iterator[Chroma]:
    """Run a Chroma server while the block runs."""
    server = Chroma(folder)
    try:
        yield server
    finally:
        server.stop()
