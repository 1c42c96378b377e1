"""Servers that only forward: by their CPU time and their connections."""

import os
import socket

import pytest

from dynamicrag.cost.servers.forward import Doubt, least_seconds, upstreams
from tests.cost.servers.client import accounted


@pytest.fixture
def connected():
    """The address of a listener of this process, to which this process is connected."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()[:2]
        with socket.create_connection(address), server.accept()[0]:
            yield "{}:{}".format(*address)


def test_connections_within_the_server_are_no_upstream(connected):
    assert connected not in upstreams([os.getpid()])
    assert upstreams([2**22 + 1]) == set()  # there is no such process


def test_a_larger_model_takes_more_cpu_time():
    assert least_seconds(100, 7.0) == pytest.approx(70 * least_seconds(100, 0.1))
    assert least_seconds(100, None) == least_seconds(100, 0.1)


@pytest.mark.parametrize(
    ("burnt", "output", "billions", "there", "verdict"),
    [
        (0.0, 10, None, {"127.0.0.1:9"}, True),
        (0.01, 10, None, {"127.0.0.1:9"}, True),
        (0.0, 10, None, set(), False),
        (0.1, 100, 7.0, {"127.0.0.1:9"}, True),
        (0.1, 100, 0.5, {"127.0.0.1:9"}, False),
        (3.0, 100, 7.0, {"127.0.0.1:9"}, False),
    ],
)
def test_little_cpu_time_and_a_connection_tell(monkeypatch, burnt, output, billions, there, verdict):
    monkeypatch.setattr("dynamicrag.cost.servers.forward.upstreams", lambda pids: there)
    doubt = Doubt()
    assert doubt.forwards({7}, burnt, output, billions) is verdict
    assert ("127.0.0.1:9" in doubt.reason) is verdict


def test_a_server_that_has_computed_once_is_not_doubted_again(monkeypatch):
    monkeypatch.setattr("dynamicrag.cost.servers.forward.upstreams", lambda pids: {"127.0.0.1:9"})
    doubt = Doubt()
    doubt.clear(3.0, 100, 7.0)
    assert not doubt.open
    assert not doubt.forwards({7}, 0.0, 1, 7.0)


@pytest.mark.slow
def test_a_proxy_is_estimated_with_a_reason(burning):
    model = burning()
    proxy = burning("proxy", model.url)
    for _ in range(4):
        charged, reason = accounted(proxy.url, 100, 40)
        assert charged == 0.0
        assert reason.startswith(
            f"port {proxy.url.rpartition(':')[2][:-3]} only forwards; its process burnt 0.0"
        )
        assert f"connected to {model.url[7:-3]}" in reason
    assert accounted(model.url, 100, 40) == (pytest.approx(0.22, rel=0.3), "")


@pytest.mark.slow
def test_an_answer_below_the_clock_has_a_reason(burning, monkeypatch):
    monkeypatch.setattr("dynamicrag.cost.servers.forward.upstreams", lambda pids: set())
    model = burning()
    proxy = burning("proxy", model.url)
    for _ in range(4):
        charged, reason = accounted(proxy.url, 60, 20)
        assert (charged > 0) is not ("less CPU time than its clock measures" in reason)
