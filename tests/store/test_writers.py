"""Threads and processes that write at once, and processes that are killed: nothing is lost or doubled."""

import threading
import time
from collections import Counter

import pytest

from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from dynamicrag.store.logged import Feedback, Snapshot
from tests.forked import Forked

from . import writers
from .made import query


def start(where, mode: str, first: int, count: int) -> Forked:
    return Forked(writers.main, str(where), mode, first, count)


def in_threads(number: int, work) -> None:
    failed = []

    def run(index: int) -> None:
        try:
            work(index)
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.slow
def test_fifty_threads_lose_and_double_nothing(log):
    for number in range(50):
        log.add(query(number))
    in_threads(
        50, lambda index: [log.feedback(Feedback(f"q{index}", name, "user", 0.0, 1.0)) for name in "abc"]
    )
    items = log.feedbacks()
    assert [item.number for item in items] == list(range(1, 151))
    assert len({(item.query_id, item.name) for item in items}) == 150


def test_fifty_threads_with_the_same_feedback_store_it_once(log):
    log.add(query(0))
    changed = []
    in_threads(50, lambda index: changed.append(log.feedback(Feedback("q0", "thumb", "user", 0.0, 1.0))))
    assert Counter(changed) == {True: 1, False: 49}
    assert len(log.feedbacks()) == 1


@pytest.mark.slow
def test_numbers_appear_in_their_order(log):
    """A reader who has seen a number never sees a smaller one appear later."""
    for number in range(20):
        log.add(query(number))
    seen, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            items = log.feedbacks(after=seen[-1] if seen else 0)
            seen.extend(item.number for item in items)

    reader = threading.Thread(target=read)
    reader.start()
    in_threads(
        20, lambda index: [log.feedback(Feedback(f"q{index}", name, "user", 0.0, 1.0)) for name in "abcde"]
    )
    until = time.monotonic() + 60
    while len(seen) < 100 and time.monotonic() < until:
        time.sleep(0.01)
    done.set()
    reader.join()
    assert seen == list(range(1, 101))


def test_a_snapshot_is_not_stored_while_its_feedback_is_replaced(log):
    """Whatever the order: in the end no snapshot has learnt from the replaced value."""
    for number in range(20):
        log.add(query(number))
        log.feedback(Feedback(f"q{number}", "thumb", "user", 0.0, 1.0))

    def work(index: int) -> None:
        if index % 2:
            log.feedback(Feedback(f"q{index}", "thumb", "user", 0.0, 0.0))
        else:
            log.keep(Snapshot(f"k{index}", 20, b"s"), seen=20)

    in_threads(20, work)
    assert all(log.snapshot(f"k{index}") is None for index in range(0, 20, 2))


@pytest.mark.slow
def test_processes_write_at_once(log, where):
    for number in range(100):
        log.add(query(number))
    started = [start(where, "feedback", first, 25) for first in (0, 25, 50, 75)]
    for writer in started:
        assert writer.result().count("feedback") == 25
    items = log.feedbacks()
    assert [item.number for item in items] == list(range(1, 101))
    assert len({item.query_id for item in items}) == 100


@pytest.mark.slow
def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(log, where):
    acknowledged = set()
    for turn in range(3):
        writer = start(where, "queries", 10_000 * turn, 10_000)
        for _ in range(37 + 20 * turn):  # in the middle of whatever comes next
            acknowledged.add(writer.stdout.readline().strip())
        writer.kill()
        acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
        writer.wait()
    reopened = Log(Database(where))
    ids = [each.id for each in reopened.queries()]
    items = reopened.feedbacks()
    assert {f"query {each[1:]}" for each in ids} >= {
        each for each in acknowledged if each.startswith("query")
    }
    assert {f"feedback {item.query_id[1:]}" for item in items} >= {
        each for each in acknowledged if each.startswith("feedback")
    }
    assert len(ids) == len(set(ids))
    assert [item.number for item in items] == list(range(1, len(items) + 1))
    assert len({item.query_id for item in items}) == len(items)
    assert len(items) <= len(ids) <= len(acknowledged) + 6  # what a killed process may have written unheard
