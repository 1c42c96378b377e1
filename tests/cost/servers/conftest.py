"""Burning servers in their own processes."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]


class Burning:
    """A burning server, and its own account."""

    def __init__(self, *mode):
        command = [sys.executable, str(Path(__file__).with_name("burning.py")), *mode]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        self.url = self.process.stdout.readline().strip()

    @property
    def cpu_seconds(self):
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system + times.children_user + times.children_system

    def kill(self):
        self.process.kill()
        self.process.wait()


@contextmanager
def burning_servers(folder):
    """Start servers whose clients have a data folder of their own."""
    started = []

    def start(*mode):
        started.append(Burning(*mode))
        return started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNAMICRAG_DATA", str(folder))
        try:
            yield start
        finally:
            for server in started:
                server.kill()


@pytest.fixture
def burning(tmp_path):
    """Start servers for one test."""
    with burning_servers(tmp_path) as start:
        yield start
