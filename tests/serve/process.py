"""Starts and stops servers of tests."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Served:
    """A running server.

    Args:
        process: Its process.
        account: The file for its accounts.
    """

    def __init__(self, process: "subprocess.Popen[str]", account: Path) -> None:
        self.process, self._account = process, account
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()
        assert self.url.startswith("http"), process.stderr and process.stderr.read()

    def stop(self) -> dict[str, Any]:
        """Stop it by SIGTERM, and return its accounts."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        assert code == 0, self.process.stderr and self.process.stderr.read()[-3000:]
        return json.loads(self._account.read_text())


@contextmanager
def served(folder: Path, *keys: str) -> Iterator[Served]:
    """Run a server with a scripted model while the block runs."""
    more_files()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DYNAMICRAG_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "tests.serve.served", str(folder / "account.json"), *keys]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, **pipes) as process:
        try:
            yield Served(process, folder / "account.json")
        finally:
            if process.poll() is None:
                process.kill()


def more_files() -> None:
    """Allow as many open files as the system does: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8_192)), hard))
