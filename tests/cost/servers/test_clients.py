"""A burning server's CPU time, as its clients are charged for it: one, two, two processes, and strangers."""

import json
import subprocess
import sys

import pytest

from dynamicrag.cost.servers.call import NOBODY, server_call
from dynamicrag.cost.usage import Tokens
from tests.cost.servers.client import accounted, address_of, metered, post, run
from tests.cost.servers.conftest import ROOT, burning_servers

CLIENT = "tests.cost.servers.client"
ROUNDING = 1e-6
"""What the charges may exceed the server's CPU time by: both are read from the same clock."""


def sums(rows):
    return sum(burnt for burnt, _ in rows), sum(charged for _, charged in rows)


def client_of(server, calls, seed, metering="yes"):
    command = [sys.executable, "-m", CLIENT, server.url, str(calls), "1", metering, str(seed)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def rows_of(client):
    said, _ = client.communicate(timeout=120)
    assert client.returncode == 0
    return json.loads(said)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A server whose CPU time per token this process has learnt, and what the calls until then came to."""
    with burning_servers(tmp_path_factory.mktemp("known")) as start:
        server = start()
        before = server.cpu_seconds
        rows = run(server.url, 10, 1)
        server.first = *sums(rows), server.cpu_seconds - before
        yield server


@pytest.mark.slow
def test_one_client_is_charged_the_server_s_cpu_time(known):
    burnt, charged, spent = known.first
    assert charged == pytest.approx(spent, rel=0.1)
    assert charged == pytest.approx(burnt, rel=0.2)


@pytest.mark.slow
def test_two_clients_in_a_process_share_it_by_their_tokens(known):
    before = known.cpu_seconds
    rows = run(known.url, 4, 2, seed=1)
    burnt, charged = sums(rows)
    assert charged <= known.cpu_seconds - before + ROUNDING
    assert charged == pytest.approx(burnt, rel=0.2)
    apart = sorted(abs(mine - spent) / spent for spent, mine in rows)
    assert apart[len(apart) // 2] < 0.3  # of half of the calls, although they overlapped


@pytest.mark.slow
def test_two_processes_share_it(known):
    before = known.cpu_seconds
    clients = [client_of(known, 7, seed) for seed in (1, 2)]
    pairs = [sums(rows_of(client)) for client in clients]
    assert sum(charged for _, charged in pairs) <= known.cpu_seconds - before + ROUNDING
    for burnt, charged in pairs:
        assert charged == pytest.approx(burnt, rel=0.25)


@pytest.mark.slow
def test_a_stranger_is_not_charged_to_us(known):
    before = known.cpu_seconds
    stranger = client_of(known, 40, 3, metering="no")
    rows = run(known.url, 5, 1, seed=4)
    spent = known.cpu_seconds - before
    stranger.kill()
    burnt, charged = sums(rows)
    assert spent > 1.2 * burnt  # it did compute for the stranger meanwhile
    assert charged <= 1.5 * burnt


@pytest.mark.slow
def test_a_worker_that_has_ended_is_charged(burning):
    server = burning("worker")
    before = server.cpu_seconds
    charged = [metered(server.url, 40, 10) for _ in range(4)]
    assert sum(charged) == pytest.approx(server.cpu_seconds - before, rel=0.15)


@pytest.mark.slow
def test_a_restarted_server_is_found_again(burning):
    first = burning()
    assert metered(first.url, 40, 10) > 0
    port = first.url.rpartition(":")[2].partition("/")[0]
    first.kill()
    second = burning("port", port)
    assert second.url == first.url
    assert metered(second.url, 40, 10) > 0


@pytest.mark.slow
def test_a_server_that_starts_after_it_was_looked_for_is_metered(burning, monkeypatch):
    first = burning()
    port = first.url.rpartition(":")[2].partition("/")[0]
    first.kill()
    call = server_call(address_of(first.url), "openai:m")
    call.begin()
    assert call.finish(NOBODY) == (0.0, 0.0)
    assert call.reason == f"nothing that this user may see listens on port {port}; start the server"
    second = burning("port", port)
    monkeypatch.setattr("dynamicrag.cost.servers.meter.AGAIN_SECONDS", 0.0)
    assert accounted(second.url, 40, 10) == (pytest.approx(0.07, abs=0.03), "")


@pytest.mark.slow
def test_a_server_that_starts_in_a_call_is_named_late(burning, monkeypatch):
    monkeypatch.setattr("dynamicrag.cost.servers.meter.AGAIN_SECONDS", 0.0)
    first = burning()
    port = first.url.rpartition(":")[2].partition("/")[0]
    first.kill()
    call = server_call(address_of(first.url), "openai:m")
    call.begin()
    second = burning("port", port)
    post(second.url, 40, 10)
    assert call.finish(Tokens(40, 0, 10, assumed=False)) == (0.0, 0.0)
    assert call.reason.startswith("it was not found when the call began")
    assert accounted(second.url, 40, 10)[1] == ""


@pytest.mark.slow
def test_a_call_that_nobody_seen_answered_does_not_ask_to_start_the_server(burning):
    server = burning()
    server.kill()
    call = server_call(address_of(server.url), "openai:m")
    call.begin()
    call.finish(Tokens(40, 0, 10, assumed=False))
    assert "and yet the call was answered" in call.reason


@pytest.mark.slow
def test_a_server_that_dies_in_a_call_is_charged_nothing(burning):
    server = burning()
    call = server_call(address_of(server.url), "openai:m")
    call.begin()
    server.kill()
    assert call.finish(Tokens(40, 0, 10, assumed=True)) == (0.0, 0.0)
