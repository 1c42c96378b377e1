"""Work after an answer: in order, in the background, and no failure ends it."""

import logging
import threading

from dynamicrag.learning.background import Background


def test_work_is_done_in_order_in_another_thread():
    background, done = Background("tests"), []
    for number in range(5):
        assert background.submit(lambda number=number: done.append((number, threading.current_thread().name)))
    assert background.flush(5.0)
    assert done == [(number, "dynamicrag-after") for number in range(5)]


def test_a_failure_is_logged_once_and_the_next_work_is_done(caplog):
    background, done = Background("tests"), []
    with caplog.at_level(logging.WARNING):
        for work in (lambda: 1 / 0, lambda: {}["x"], lambda: done.append(1)):
            background.submit(work)
        assert background.flush(5.0)
    assert done == [1]
    assert background.failures == 2
    assert [record.getMessage() for record in caplog.records] == [
        "tests: ZeroDivisionError: division by zero"
    ]


def test_more_than_fits_is_dropped():
    background, gate, done = Background("tests", most=2), threading.Event(), []
    begun = threading.Event()
    background.submit(lambda: (begun.set(), gate.wait(5.0)))
    begun.wait(5.0)
    assert [background.submit(lambda: done.append(1)) for _ in range(3)] == [True, True, False]
    assert not background.flush(0.01)
    gate.set()
    assert background.flush(5.0)
    assert done == [1, 1]


def test_flush_without_work_returns_at_once():
    assert Background("tests").flush(5.0)
