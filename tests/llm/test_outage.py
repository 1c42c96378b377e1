import threading

import pytest

from dynamicrag.errors import BudgetExceeded
from dynamicrag.llm.outage import LONGEST, SHORTEST, Outage


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_model_that_works_is_asked():
    outage = Outage()
    outage.worked()
    assert outage.admit() is None


def test_after_a_failure_it_is_left_alone_until_one_call_may_try():
    clock = Clock()
    outage = Outage(clock)
    outage.failed("503")
    assert "another 30 s, after: 503" in outage.admit()
    clock.now += SHORTEST
    assert outage.admit() is None
    assert outage.admit() is not None  # the one that tries is under way
    outage.worked()
    assert outage.admit() is None


def test_cooldowns_double_up_to_a_limit():
    clock = Clock()
    outage = Outage(clock)
    for seconds in (SHORTEST, 2 * SHORTEST, 4 * SHORTEST, 8 * SHORTEST, LONGEST, LONGEST):
        outage.failed("503")
        clock.now += min(seconds, LONGEST) - 1
        assert outage.admit() is not None
        clock.now += 1
        assert outage.admit() is None


def test_a_try_that_never_ends_does_not_keep_it_out():
    clock = Clock()
    outage = Outage(clock)
    outage.failed("503")
    clock.now += SHORTEST
    assert outage.admit() is None
    clock.now += SHORTEST
    assert outage.admit() is None


def test_a_try_that_was_not_made_leaves_the_next_caller_to_try():
    clock = Clock()
    outage = Outage(clock)
    outage.failed("503")
    clock.now += SHORTEST
    assert outage.admit() is None
    with pytest.raises(BudgetExceeded), outage.preparing():
        raise BudgetExceeded("nothing fits")
    assert outage.admit() is None
    with pytest.raises(BudgetExceeded), outage.preparing():
        outage.failed("503")  # another call, as a last resort
        raise BudgetExceeded("nothing fits")
    assert outage.admit() is not None, "its cooldown stands"


def test_the_provider_says_how_long():
    clock = Clock()
    outage = Outage(clock)
    outage.failed("429", 6.0)
    assert outage.wait() == 6.0
    clock.now += 6
    assert outage.admit() is None
    outage.failed("429", 1e9)
    assert outage.wait() == LONGEST
    outage.failed("503")
    assert outage.wait() == 0.0


def test_many_threads_one_try():
    clock = Clock()
    outage = Outage(clock)
    outage.failed("503")
    clock.now += SHORTEST
    admitted = []
    threads = [threading.Thread(target=lambda: admitted.append(outage.admit())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted.count(None) == 1
