"""The open calls in a file: what is read between the marks, and what a server burns by itself."""

import os
import subprocess
import sys

import pytest

from dynamicrag.cost.servers import file as module
from dynamicrag.cost.servers.file import ServerFile
from dynamicrag.cost.servers.shares import Reading


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def file(tmp_path, clock):
    return ServerFile(tmp_path / "servers.sqlite")


def test_two_calls_share_the_time_in_which_both_were_open(file):
    first = file.begin("7", Reading(100.0))
    second = file.begin("7", Reading(104.0))
    assert file.end("7", first, Reading(110.0), None, others=False) == (7.0, 0.0, 0.0)
    assert file.end("7", second, Reading(111.0), None, others=False) == (4.0, 0.0, 0.0)


def test_servers_are_apart(file):
    first, other = file.begin("7", Reading(100.0)), file.begin("8", Reading(5.0))
    assert file.end("7", first, Reading(102.0, 9.0), None, others=False) == (2.0, 9.0, 2.0)
    assert file.end("8", other, Reading(6.0), None, others=False).cpu == 1.0


def test_a_dropped_call_is_charged_nothing_and_frees_its_share(file):
    first, second = file.begin("7", Reading(0.0)), file.begin("7", Reading(0.0))
    file.drop("7", first)
    assert file.end("7", second, Reading(4.0), None, others=False).cpu == 4.0
    assert file.end("7", first, Reading(4.0), None, others=False) == (0.0, 0.0, 0.0)


def test_what_a_server_burns_without_calls_is_nobody_s(file, clock):
    cpu = 0.0
    for _ in range(module.IDLE_TIMES + 1):
        call = file.begin("7", Reading(cpu))
        clock[0] += 2.0
        cpu += 3.0
        share = file.end("7", call, Reading(cpu), None, others=False)
        clock[0] += 10.0
        cpu += 5.0  # half a CPU-second each second
    assert share.cpu == pytest.approx(2.0)


def test_a_counter_that_falls_charges_nothing(file):
    call = file.begin("7", Reading(100.0))
    assert file.end("7", call, Reading(1.0), None, others=False) == (0.0, 0.0, 0.0)


def test_the_calls_of_a_client_that_was_killed_are_given_up(file, monkeypatch):
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "getpid", lambda: client.pid)
        file.begin("7", Reading(0.0))
    assert file.clients("7") == {client.pid}
    client.kill()
    client.wait()
    call = file.begin("7", Reading(0.0))
    assert file.clients("7") == {os.getpid()}
    assert file.end("7", call, Reading(4.0), None, others=False).cpu == 4.0


def test_an_open_call_is_given_up_after_an_hour(file, clock):
    file.begin("7", Reading(0.0))
    clock[0] += module.LONGEST_SECONDS + 1
    call = file.begin("7", Reading(0.0))
    assert file.end("7", call, Reading(4.0), None, others=False).cpu == 4.0


def test_only_the_latest_calls_are_kept(file, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    for number in range(5):
        file.learn("m", (number, 1, 1.0, True))
    assert [row[0] for row in file.seen("m")] == [2, 3, 4]
    assert file.seen("n") == []
