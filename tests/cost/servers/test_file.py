"""The open calls in a file: what is read between the marks, and what a server burns by itself."""

import os
import sqlite3
import subprocess
import sys

import pytest

from dynamicrag.cost.servers import file as module
from dynamicrag.cost.servers.file import ServerFile
from dynamicrag.cost.servers.shares import Reading


def reads(cpu, gpu=0.0):
    """Return a read that finds these counters."""
    return lambda least: Reading(cpu, gpu)


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def file(tmp_path, clock):
    return ServerFile(tmp_path / "servers.sqlite")


def test_two_calls_share_the_time_in_which_both_were_open(file):
    first = file.begin("7", reads(100.0))
    second = file.begin("7", reads(104.0))
    assert file.end("7", first, reads(110.0), None, others=False) == (7.0, 0.0, 0.0)
    assert file.end("7", second, reads(111.0), None, others=False) == (4.0, 0.0, 0.0)


def test_no_other_client_marks_between_a_reading_and_its_mark(file, monkeypatch):
    def read(least):
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            file.begin("7", reads(50.0))
        return Reading(40.0)

    monkeypatch.setattr(module, "WAIT_SECONDS", 0.0)
    call = file.begin("7", read)
    assert file.end("7", call, read, None, others=False).cpu == 0.0


def test_a_reading_is_told_the_last_mark(file):
    told = []

    def read(least):
        told.append(least)
        return Reading(40.0 + len(told))

    first = file.begin("7", read)
    file.begin("8", read)
    file.end("7", first, read, None, others=False)
    assert told == [0.0, 0.0, 41.0]


def test_a_reading_that_fails_leaves_the_file_as_it_was(file):
    def fail(least):
        raise OSError

    call = file.begin("7", reads(40.0))
    with pytest.raises(OSError):
        file.begin("7", fail)
    assert file.end("7", call, reads(43.0), None, others=False) == (3.0, 0.0, 3.0)


def test_servers_are_apart(file):
    first, other = file.begin("7", reads(100.0)), file.begin("8", reads(5.0))
    assert file.end("7", first, reads(102.0, 9.0), None, others=False) == (2.0, 9.0, 2.0)
    assert file.end("8", other, reads(6.0), None, others=False).cpu == 1.0


def test_a_dropped_call_is_charged_nothing_and_frees_its_share(file):
    first, second = file.begin("7", reads(0.0)), file.begin("7", reads(0.0))
    file.drop("7", first)
    assert file.end("7", second, reads(4.0), None, others=False).cpu == 4.0
    assert file.end("7", first, reads(4.0), None, others=False) == (0.0, 0.0, 0.0)


def test_what_a_server_burns_without_calls_is_nobody_s(file, clock):
    cpu = 0.0
    for _ in range(module.IDLE_TIMES + 1):
        call = file.begin("7", reads(cpu))
        clock[0] += 2.0
        cpu += 3.0
        share = file.end("7", call, reads(cpu), None, others=False)
        clock[0] += 10.0
        cpu += 5.0  # half a CPU-second each second
    assert share.cpu == pytest.approx(2.0)


def test_a_counter_that_falls_charges_nothing(file):
    call = file.begin("7", reads(100.0))
    assert file.end("7", call, reads(1.0), None, others=False) == (0.0, 0.0, 0.0)


def test_the_calls_of_a_client_that_was_killed_are_given_up(file, monkeypatch):
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "getpid", lambda: client.pid)
        file.begin("7", reads(0.0))
    assert file.clients("7") == {client.pid}
    client.kill()
    client.wait()
    call = file.begin("7", reads(0.0))
    assert file.clients("7") == {os.getpid()}
    assert file.end("7", call, reads(4.0), None, others=False).cpu == 4.0


def test_an_open_call_is_given_up_after_an_hour(file, clock):
    file.begin("7", reads(0.0))
    clock[0] += module.LONGEST_SECONDS + 1
    call = file.begin("7", reads(0.0))
    assert file.end("7", call, reads(4.0), None, others=False).cpu == 4.0


def test_only_the_latest_calls_are_kept(file, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    for number in range(5):
        file.learn("m", (number, 1, 1.0, True))
    assert [row[0] for row in file.seen("m")] == [2, 3, 4]
    assert file.seen("n") == []
