"""Whose the joules are: ripe intervals, patience, readings that cannot be, the process's one meter."""

import os
import threading
import time

import pytest

from dynamicrag.cost import attribution as module
from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import CpuTimeMeter, Interval
from dynamicrag.cost.meters import shared_attribution
from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.types import Usage

from .fakes import ManualMeter

LOCAL, REMOTE = Profile(runs="in_process"), Profile(runs="remote")


@pytest.fixture
def meter() -> ManualMeter:
    return ManualMeter()


@pytest.fixture
def book(meter: ManualMeter) -> Ledger:
    ledger = Ledger(Attribution(meter), Host())
    ledger.attribution.acquire()
    return ledger


def spend(book: Ledger, query: str, cpu: float, profile: Profile = LOCAL) -> None:
    with book.span(query, "generator", "small", profile) as line:
        line.usage = Usage(calls=1, cpu_seconds=cpu)


def test_a_call_that_waits_elsewhere_holds_nobody_up(book, meter):
    with book.span("far", "generator", "gpt", REMOTE):
        spend(book, "near", 1.0)
        meter.report(8.0, cpu=1.0)
        assert not book.account("near").provisional
        assert book.cost("near")["joules"] == pytest.approx(8.0)


def test_a_call_that_goes_on_for_long_is_given_what_nobody_else_claims(book, meter, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with book.span("slow", "generator", "large", LOCAL) as line:
        spend(book, "quick", 1.0)
        meter.report(40.0, cpu=4.0)
        assert book.cost("quick")["joules"] == pytest.approx(10.0)
        assert line.joules == pytest.approx(30.0)
        line.usage = Usage(calls=1, cpu_seconds=5.0)  # 3 of them in the interval that is settled
    meter.report(16.0, cpu=2.0)
    assert line.joules == pytest.approx(30.0 + 16.0)
    assert book.attribution.totals.idle == pytest.approx(0.0)


def test_work_is_spread_from_where_waiting_ended(book, meter):
    with book.span("a", "generator", "large", LOCAL) as line:
        time.sleep(0.01)
        boundary = time.perf_counter()
        line.started()
        line.usage = Usage(calls=1, cpu_seconds=1.0)
    meter.at = boundary
    book.attribution.tick(Interval(line.begin, boundary, 5.0, 0.0, 1.0))
    assert line.joules == 0.0
    meter.report(7.0, cpu=1.0)
    assert line.joules == pytest.approx(7.0)
    assert book.attribution.totals.idle == pytest.approx(5.0)


def test_calls_that_slow_each_other_down_get_what_each_of_them_computed(book):
    """On one core, one and three CPU-seconds: two seconds side by side, then two alone."""
    start = time.perf_counter() - 4.0
    for query, cpu, seconds in (("a", 1.0, 2.0), ("b", 3.0, 4.0)):
        with book.span(query, "generator", "small", LOCAL) as line:
            line.usage = Usage(calls=1, cpu_seconds=cpu)
        line.begin, line.end = start, start + seconds
    with book.span("late", "generator", "small", LOCAL) as late:  # keeps all four waiting for one another
        late.begin = start
        for second in range(4):
            book.attribution.tick(Interval(start + second, start + second + 1, 4.0, 0.0, 1.0))
    book.attribution.tick(Interval(start + 4, time.perf_counter() + 1, 0.0, 0.0, 0.0))
    assert book.cost("a")["joules"] == pytest.approx(4.0, rel=0.01)
    assert book.cost("b")["joules"] == pytest.approx(12.0, rel=0.01)
    assert book.attribution.totals.idle == pytest.approx(0.0, abs=0.1)


def test_the_full_figure_has_a_share_of_what_does_not_follow_the_work(book, meter):
    with book.span("a", "generator", "small", LOCAL) as line:
        time.sleep(0.01)
        line.usage = Usage(calls=1, cpu_seconds=1.0)
    meter.report(10.0, constant=6.0, cpu=1.0)
    active, full = book.cost("a"), book.cost("a", scope="full")
    assert active["joules"] == pytest.approx(10.0)
    assert 0 < line.overhead <= 6.0
    assert full["joules"] == pytest.approx(10.0 + line.overhead)
    assert full["gco2e"] > active["gco2e"]


@pytest.mark.parametrize("bad", [
    Interval(2.0, 1.0, 1.0, 0.0, 0.0), Interval(0.0, 1.0, float("nan"), 0.0, 0.0),
    Interval(0.0, 1.0, -3.0, 0.0, 0.0), Interval(0.0, 1.0, 1.0, 0.0, float("inf")),
])  # fmt: skip
def test_a_reading_that_cannot_be_is_refused_and_counted(book, bad):
    book.attribution.tick(bad)
    totals = book.attribution.totals
    assert (totals.faults, totals.metered) == (1, 0.0)


def test_what_a_meter_reports_beyond_the_cpu_time_is_nobodys(book):
    begin = time.perf_counter()
    spend(book, "a", 1.0)
    book.attribution.tick(Interval(begin, time.perf_counter(), 4.0, 1.0, 1.0, unexplained=36.0))
    totals = book.attribution.totals
    assert book.cost("a")["joules"] == pytest.approx(4.0)
    assert (totals.unexplained, totals.metered) == (36.0, 41.0)


def test_a_meter_that_stops_answering_is_noticed(book, meter, monkeypatch):
    meter.report(1.0)
    assert not book.attribution.silent
    monkeypatch.setattr(module, "SILENT", 0.0)
    assert book.attribution.silent


def test_the_meter_runs_while_anybody_uses_it(meter):
    shared = Attribution(meter)
    shared.acquire()
    shared.acquire()
    shared.release()
    assert (meter.starts, meter.stops) == (1, 0)
    shared.release()
    shared.acquire()
    assert (meter.starts, meter.stops) == (2, 1)


def test_a_user_who_comes_while_the_meter_stops_has_a_running_meter():
    stopping, comes = threading.Event(), threading.Event()

    class Slow(ManualMeter):
        running = False

        def start(self, sink):
            super().start(sink)
            self.running = True

        def stop(self):
            stopping.set()
            comes.wait(0.2)  # until the other user has started it, if it may
            super().stop()
            self.running = False

    meter = Slow()
    shared = Attribution(meter)
    shared.acquire()
    last = threading.Thread(target=shared.release)
    last.start()
    assert stopping.wait(30)
    shared.acquire()
    comes.set()
    last.join()
    assert (shared.running, meter.running) == (True, True)


def test_a_thread_that_is_slow_to_stop_does_not_go_on_beside_the_next(monkeypatch):
    meter, reads, slow = CpuTimeMeter(seconds=0.01), threading.Event(), threading.Event()
    meter.start(lambda _: reads.set() or slow.wait(30))
    assert reads.wait(30)
    first = meter._thread
    monkeypatch.setattr(first, "join", lambda timeout: None)  # as if it had taken longer than that
    meter.stop()
    meter.start(lambda _: None)
    slow.set()
    threading.Thread.join(first, timeout=5)
    assert not first.is_alive()
    meter.stop()


def test_what_ran_while_the_meter_was_stopped_is_not_taken_for_metered(book, meter):
    spend(book, "first", 1.0)
    meter.report(8.0, cpu=1.0)
    book.attribution.release()
    book.attribution.acquire()
    assert not book.attribution.metering
    spend(book, "early", 1.0)
    meter.at = time.perf_counter()
    spend(book, "later", 1.0)
    meter.report(8.0, cpu=1.0)
    assert book.attribution.metering
    assert book.cost("first").kind("joules") == "measured"
    assert book.cost("early").kind("joules") == "modelled"
    assert book.cost("later").kind("joules") == "measured"


def test_policies_of_a_process_share_a_meter():
    assert shared_attribution("cpu") is shared_attribution("cpu")
    assert shared_attribution("cpu") is not shared_attribution("none")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_fork_meters_itself():
    book = Ledger(shared_attribution("cpu"), Host())
    book.attribution.acquire()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        until = time.process_time() + 0.05
        with book.span("child", "generator", "small", LOCAL) as line:
            while time.process_time() < until:
                pass
            line.usage = Usage(calls=1, cpu_seconds=0.05)
        settled = book.settle("child", 10.0)
        os.write(write, f"{settled} {book.cost('child')['joules'] > 0}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    book.attribution.release()
    assert os.read(read, 100) == b"True True"
    os.close(read)
    os.close(write)
