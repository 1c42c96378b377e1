import threading
import time
from itertools import pairwise
from random import Random

import pytest

from dynamicrag.cost.attribution import Attribution, Totals
from dynamicrag.cost.codecarbon import CodeCarbonMeter
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import CpuTimeMeter, Interval
from dynamicrag.cost.meters import make_meter
from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.errors import PolicyError
from dynamicrag.types import Usage

from .fakes import ManualMeter


def ledger(**options) -> Ledger:
    return Ledger(Attribution(ManualMeter()), Host(), **options)


def totals(book: Ledger) -> Totals:
    return book.attribution.totals


def call(book: Ledger, query: str, cpu: float, *, runs: str = "in_process", seconds: float = 0.0) -> None:
    with book.span(query, "generator", "small", Profile(runs=runs)) as line:
        time.sleep(seconds)
        line.usage = Usage(calls=1, cpu_seconds=cpu)


def metered(book: Ledger, since: float, active: float, constant: float = 0.0, cpu: float = 0.0) -> float:
    """Report an interval until now, and return its end."""
    now = time.perf_counter()
    book.attribution.tick(Interval(since, now, active, constant, cpu))
    return now


def test_energy_is_split_by_declared_cpu_seconds():
    book, begin = ledger(), time.perf_counter()
    call(book, "a", 3.0)
    call(book, "b", 1.0)
    metered(book, begin, 40.0, constant=10.0)
    assert book.cost("a")["joules"] == pytest.approx(30)
    assert book.cost("b")["joules"] == pytest.approx(10)
    assert book.cost("a").kind("joules") == "measured"
    assert (totals(book).idle, totals(book).constant) == (pytest.approx(0), 10)


def test_calls_before_any_query_have_accounts_of_their_own():
    book, begin = ledger(keep=3), time.perf_counter()
    for account, cpu in (("ingest:docs", 1.0), ("warm:small", 2.0), ("a", 3.0), ("b", 4.0)):
        call(book, account, cpu)
    metered(book, begin, 40.0)
    assert (totals(book).ingest, totals(book).warm) == (pytest.approx(4), pytest.approx(8))
    assert totals(book).active == pytest.approx(40)
    assert book.cost("warm:small")["joules"] == pytest.approx(8), "queries that come do not push it out"


def test_what_no_query_claims_is_idle():
    book, begin = ledger(), time.perf_counter()
    call(book, "a", 1.0)
    metered(book, begin, 40.0, cpu=4.0)
    assert book.cost("a")["joules"] == pytest.approx(10)
    assert totals(book).idle == pytest.approx(30)


def test_waiting_costs_time_but_no_energy():
    book, begin = ledger(), time.perf_counter()
    call(book, "a", 0.0, seconds=0.01)
    call(book, "b", 1.0)
    metered(book, begin, 8.0)
    assert book.cost("a")["joules"] == 0
    assert book.cost("b")["joules"] == pytest.approx(8)


def test_a_line_is_provisional_until_the_meter_has_covered_it():
    book, begin = ledger(), time.perf_counter()
    call(book, "a", 2.0)
    assert book.account("a").provisional
    assert book.cost("a")["joules"] == pytest.approx(8)  # modelled meanwhile
    assert book.cost("a").kind("joules") == "modelled"
    metered(book, begin, 5.0)
    assert not book.account("a").provisional
    assert book.cost("a")["joules"] == pytest.approx(5)


def test_an_interval_waits_for_the_spans_that_reach_into_it():
    book, begin = ledger(), time.perf_counter()
    with book.span("a", "generator", "small", Profile(runs="in_process")) as line:
        end = metered(book, begin, 6.0)
        line.usage = Usage(cpu_seconds=1.0)
        assert totals(book).idle == 0
    metered(book, end, 0.0)
    assert book.cost("a")["joules"] == pytest.approx(6, rel=0.01)


def test_a_failed_call_is_charged():
    book, begin = ledger(), time.perf_counter()
    with (
        pytest.raises(RuntimeError),
        book.span("a", "generator", "small", Profile(runs="in_process")) as line,
    ):
        line.usage = Usage(cpu_seconds=1.0)
        raise RuntimeError
    metered(book, begin, 4.0)
    (line,) = book.account("a").lines
    assert line.failed
    assert book.cost("a")["joules"] == pytest.approx(4)


def test_a_remote_call_takes_nothing_from_this_hosts_meter():
    book, begin = ledger(), time.perf_counter()
    call(book, "a", 5.0, runs="remote")
    metered(book, begin, 7.0)
    assert totals(book).idle == pytest.approx(7)


@pytest.mark.slow
def test_accounts_add_up_to_the_meter_with_a_thousand_overlapping_queries():
    book, random, begin = ledger(), Random(7), time.perf_counter()
    last = [begin]

    def work(seed: int) -> None:
        mine = Random(seed)
        for _ in range(3):
            call(book, f"q{seed}", mine.random() * mine.choice([0, 1]), seconds=mine.random() / 500)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1000)]
    total = 0.0
    for position, thread in enumerate(threads):
        thread.start()
        if position % 50 == 0:
            active, constant = random.random() * 10, random.random()
            total += active + constant
            since, last[0] = last[0], time.perf_counter()
            book.attribution.tick(Interval(since, last[0], active, constant, random.random()))
    for thread in threads:
        thread.join()
    book.attribution.tick(Interval(last[0], time.perf_counter(), 10.0, 1.0, 0.1))
    total += 11.0
    accounts = sum(line.joules for seed in range(1000) for line in book.account(f"q{seed}").lines)
    assert abs(total - (accounts + totals(book).idle + totals(book).constant)) / total <= 1e-9
    assert accounts > 0


def test_old_accounts_are_dropped_when_there_are_too_many():
    book = ledger(keep=2)
    for query in "abc":
        call(book, query, 1.0)
    assert not book.account("a").lines
    assert book.account("c").lines


def test_settle_waits_for_the_meter_and_gives_up_in_time():
    book = Ledger(Attribution(CpuTimeMeter(seconds=0.05)), Host())
    book.attribution.acquire()
    try:
        call(book, "a", 0.01, seconds=0.01)
        assert book.settle("a", timeout=5)
    finally:
        book.attribution.release()
    call(book, "b", 0.01)
    assert not book.settle("b", timeout=0.05)


def test_cpu_time_meter_reports_what_this_process_used():
    seen: list[Interval] = []
    meter = CpuTimeMeter(joules_per_cpu_second=2.0, seconds=0.05)
    meter.start(seen.append)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    meter.stop()
    spent = sum(interval.cpu_seconds for interval in seen)
    assert spent >= 0.18  # user and system time are each counted in ticks of 10 ms
    assert sum(interval.active for interval in seen) == pytest.approx(2 * spent)
    assert all(a.end == b.begin for a, b in pairwise(seen))


@pytest.mark.slow
def test_codecarbon_meters_this_process_and_keeps_memory_apart():
    seen: list[Interval] = []
    meter = CodeCarbonMeter(seconds=0.5)
    meter.start(seen.append)
    deadline = time.monotonic() + 30
    while len(seen) < 3 and time.monotonic() < deadline:
        sum(range(100_000))
    meter.stop()
    assert sum(interval.active for interval in seen) > 0
    assert sum(interval.constant for interval in seen) > 0
    assert meter.kind in ("measured", "modelled")


def test_an_unknown_meter_is_refused():
    with pytest.raises(PolicyError, match="unknown meter 'codecarbn'; did you mean 'codecarbon'"):
        make_meter("codecarbn")
