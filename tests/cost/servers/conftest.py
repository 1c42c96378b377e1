"""Burning servers in their own processes."""

import os
import subprocess
import sys
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


@pytest.fixture
def burning(monkeypatch, tmp_path):
    """Start servers whose clients have a data folder of their own."""
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    started = []

    def start(*mode):
        started.append(Burning(*mode))
        return started[-1]

    yield start
    for server in started:
        server.kill()
