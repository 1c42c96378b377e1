"""What only the machine's own mechanisms can show: a full disk, a sensor's files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _may_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    done = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="only root may mount file systems, on Linux")


def in_namespace(mounts: str, script: str, *arguments: object, timeout: float = 120) -> str:
    """Run a Python script where ``mounts``, lines of a shell, were done for it alone; return what it says."""
    command = f'set -e\n{mounts}\nexec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command, "sh", sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
