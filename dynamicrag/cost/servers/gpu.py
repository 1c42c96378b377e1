"""The energy of the GPUs that a server computes on, by NVIDIA's management library (NVML).

NVML meters whole devices. A device counts if no other programs compute on it; otherwise nothing tells
the server's share.
"""

import platform
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from dynamicrag.cost.servers.find import Unseen

__all__ = ["check", "joules"]

_DEVICES = ("/dev/kfd", "/dev/dri/renderD")
"""Devices through which programs compute on GPUs of AMD and Intel."""


def joules(pids: Collection[int]) -> float:
    """Return the energy so far of the GPUs that the processes compute on, in joules; 0 without any.

    Raises:
        Unseen: They share a GPU with other programs, or its energy cannot be read.
    """
    nvml = _nvml()
    if nvml is None:
        return 0.0
    try:
        return sum(
            (nvml.nvmlDeviceGetTotalEnergyConsumption(device) / 1000 for device in _used(nvml, pids)), 0.0
        )
    except nvml.NVMLError as error:
        raise Unseen(f"the energy of its GPU cannot be read: {error}") from None


def check(pids: Collection[int]) -> None:
    """Refuse processes that compute on a GPU without a meter: their CPU time would be a small part.

    Raises:
        Unseen: They do.
    """
    if sys.platform == "darwin" and platform.machine() == "arm64":
        raise Unseen("its GPU cannot be metered on this system")
    nvml = _nvml()
    if nvml is not None and any(True for _ in _used(nvml, pids)):
        return
    for pid in pids:
        if any(name.startswith(_DEVICES) for name in _open_files(pid)):
            raise Unseen("it uses a GPU whose energy cannot be metered")


def _used(nvml: Any, pids: Collection[int]) -> Iterator[Any]:
    for number in range(nvml.nvmlDeviceGetCount()):
        device = nvml.nvmlDeviceGetHandleByIndex(number)
        computing = {process.pid for process in nvml.nvmlDeviceGetComputeRunningProcesses(device)}
        if computing & set(pids):
            if computing - set(pids):
                raise Unseen("it shares its GPU with other programs")
            yield device


@cache
def _nvml() -> Any:
    """Return the library, initialised; ``None`` if there is no such GPU."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - not installed, no driver, or no device: no GPU either way
        return None
    return pynvml


def _open_files(pid: int) -> Iterator[str]:
    try:
        links = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # another user's, or not Linux: the host has such a GPU, or not
        if Path(_DEVICES[0]).exists():
            yield _DEVICES[0]
        return
    for link in links:
        with suppress(OSError):
            yield str(link.readlink())
