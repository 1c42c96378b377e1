"""CodeCarbon as it is: its sensor's path on files of ours, its end, and a machine that stands still."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from dynamicrag.cost.codecarbon import MOST_WATTS, CodeCarbonMeter
from dynamicrag.cost.meter import Interval

from .machine import ROOT, in_namespace, needs_mounts

SENSOR = """
mount -t tmpfs none /sys/class
mkdir -p /sys/class/powercap/intel-rapl /sys/class/powercap/intel-rapl:0
ln -s /sys/class/powercap /sys/class/powercap/intel-rapl/subsystem
cd /sys/class/powercap/intel-rapl:0
echo package-0 > name
echo 1000000000 > max_energy_range_uj
echo 990000000 > energy_uj
cd "$OLDPWD"
"""
DRAW = """
import hashlib, json, sys, threading, time
from pathlib import Path
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.codecarbon import CodeCarbonMeter

counter, seen = Path("/sys/class/powercap/intel-rapl:0/energy_uj"), []
meter = CodeCarbonMeter(seconds=0.6)
books = Attribution(meter)
def tick(interval, keep=books.tick):
    seen.append([interval.active, interval.unexplained, interval.cpu_seconds, interval.end - interval.begin])
    keep(interval)
books.tick = tick
stop, block = threading.Event(), bytes(1_000_000)  # native work, as a model's
at = 990_000_000
def draw():
    global at
    while not stop.wait(0.05):
        at = (at + 500_000) % 1_000_000_000
        if {change!r} == "wraps" or len(seen) < 2:
            whole = counter.with_name("next")  # a kernel's counter is never half-written
            whole.write_text(str(at))
            whole.replace(counter)
        elif {change!r} == "dies":
            counter.unlink(missing_ok=True)
threading.Thread(target=draw, daemon=True).start()
books.acquire()
until = time.monotonic() + 60
while (len(seen) < 6 or {change!r} == "wraps" and at > 900_000_000) and time.monotonic() < until:
    hashlib.sha256(block).digest()
books.release()
stop.set()
print(json.dumps({{"kind": meter.kind, "seen": seen, "at": at, "faults": books.totals.faults}}))
"""


def sensed(change: str) -> dict:
    """Return what is metered of a busy process while a counter of 10 W is changed."""
    return json.loads(in_namespace(SENSOR, DRAW.format(change=change)).splitlines()[-1])


@pytest.mark.slow
@needs_mounts
def test_a_sensor_that_wraps_around_is_measured_and_never_absurd():
    found = sensed("wraps")  # 10 J before its end, at 10 W: within a second or two of the start
    assert found["kind"] == "measured"
    assert found["faults"] == 0
    whole = [row for row in found["seen"] if row[3] > 0.5]
    assert len(whole) >= 5
    for active, unexplained, spent, seconds in whole:
        assert 0 < active + unexplained <= 10 * seconds + 1.0, "a step of half a joule every 50 ms at most"
        assert 0 < active <= MOST_WATTS * (spent + 0.02)
    assert found["at"] < 900_000_000, "it did wrap around"


@pytest.mark.slow
@needs_mounts
def test_a_sensor_that_dies_is_a_fault_and_not_a_zero():
    found = sensed("dies")
    assert found["faults"] >= 2
    assert [row[0] for row in found["seen"]][-3:-1] == [0, 0], "CodeCarbon itself says nothing of it"


class Errors:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, args: threading.ExceptHookArgs) -> None:
        self.seen.append(f"{args.thread}: {args.exc_value!r}")


@pytest.mark.slow
def test_it_ends_without_an_error_and_without_leaving_a_timer(monkeypatch):
    errors = Errors()
    monkeypatch.setattr(threading, "excepthook", errors)
    before = set(threading.enumerate())
    for _ in range(3):
        seen: list[Interval] = []
        meter = CodeCarbonMeter(seconds=0.02)
        meter.start(seen.append)
        until = time.monotonic() + 60
        while len(seen) < 3 and time.monotonic() < until:
            time.sleep(0.005)
        meter.stop()
        assert len(seen) >= 3
        counted = len(seen)
        time.sleep(0.1)
        assert len(seen) == counted
    assert errors.seen == []
    assert set(threading.enumerate()) <= before


STILL = """
import hashlib, json, sys, time
from dynamicrag.cost.codecarbon import CodeCarbonMeter
block = bytes(1_000_000)  # native work, as a model's: it leaves the interpreter's lock to the meter
seen = []
meter = CodeCarbonMeter(seconds=0.3)
meter.start(seen.append)
while len(seen) < 2:
    hashlib.sha256(block).digest()
print("ready", flush=True)
gap = len(seen)
sys.stdin.readline()
while len(seen) < gap + 3:
    hashlib.sha256(block).digest()
meter.stop()
print(json.dumps([[i.end - i.begin, i.active, i.cpu_seconds] for i in seen]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this platform cannot stop a process")
def test_a_process_that_stood_still_used_nothing_meanwhile():
    child = subprocess.Popen(
        [sys.executable, "-c", STILL], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    os.kill(child.pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.kill(child.pid, signal.SIGCONT)
    rows = json.loads(child.communicate("go\n", timeout=60)[0])
    longest = max(rows)
    assert longest[0] > 2.4
    assert longest[2] < 1.0
    assert 0 <= longest[1] < 4.4 * 1.0 + 1.0, "not the power of a busy thread times the gap"


def test_a_tracker_that_cannot_start_is_told_once_and_left_alone(monkeypatch, caplog):
    """CodeCarbon swallows what its start raises, as at a short program's end; each flush complains."""
    monkeypatch.setattr("codecarbon.OfflineEmissionsTracker.start", lambda self: None)
    meter = CodeCarbonMeter(seconds=0.01)
    meter.start(lambda interval: None)
    meter._thread.join(timeout=60)
    assert not meter._thread.is_alive()
    assert [(each.name, each.levelname) for each in caplog.records] == [
        ("dynamicrag.cost.codecarbon", "WARNING")
    ]


def test_a_short_program_ends_without_a_word():
    program = "from dynamicrag.cost.codecarbon import CodeCarbonMeter as M; M().start(print); print('done')"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=100
    )
    assert (ran.stdout.splitlines()[:1], ran.stderr) == (["done"], "")
