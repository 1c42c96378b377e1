"""GPU energy, with a scripted NVML."""

from types import SimpleNamespace

import pytest

from dynamicrag.cost.servers import gpu
from dynamicrag.cost.servers.find import Unseen


class Failure(Exception):
    pass


def nvml(*devices, reads=True):
    def energy(device):
        if not reads:
            raise Failure("Not Supported")
        return devices[device][0] * 1000

    return SimpleNamespace(
        NVMLError=Failure,
        nvmlDeviceGetCount=lambda: len(devices),
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetComputeRunningProcesses=lambda device: [
            SimpleNamespace(pid=pid) for pid in devices[device][1]
        ],
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )


@pytest.fixture
def has(monkeypatch):
    return lambda library: monkeypatch.setattr(gpu, "_nvml", lambda: library)


def test_the_devices_that_the_server_computes_on_are_added(has):
    has(nvml((50.0, [7]), (20.0, [8]), (900.0, [1])))
    assert gpu.joules({7, 8}) == 70.0
    assert gpu.joules({5}) == 0.0
    gpu.check({7, 8})


def test_without_nvml_there_is_none(has):
    has(None)
    assert gpu.joules({7}) == 0.0


def test_a_shared_gpu_is_not_guessed_at(has):
    has(nvml((50.0, [7, 1])))
    with pytest.raises(Unseen, match="shares its GPU"):
        gpu.joules({7})


def test_an_old_gpu_is_not_metered(has):
    has(nvml((50.0, [7]), reads=False))
    with pytest.raises(Unseen, match="cannot be read: Not Supported"):
        gpu.joules({7})


def test_a_gpu_without_a_meter_is_noticed(has, monkeypatch):
    has(None)
    monkeypatch.setattr(gpu, "_open_files", lambda pid: ["/dev/null", "/dev/dri/renderD128"])
    with pytest.raises(Unseen, match="whose energy cannot be metered"):
        gpu.check({7})
    monkeypatch.setattr(gpu, "_open_files", lambda pid: ["/dev/null"])
    gpu.check({7})
