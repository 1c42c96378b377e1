"""Reservations come back: from cancelled calls, closed loops and dead processes. The books always sum."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamicrag.cost import budget as module
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.in_thread import in_thread
from dynamicrag.cost.purse import MemoryPurse, Short
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetExceeded


def usd(amount: float) -> Cost:
    return Cost({("usd", "estimated"): amount})


class SlowPurse(MemoryPurse):
    """Keeps everybody waiting, as a disk does."""

    blocks = True

    def take(self, worst, limits):
        time.sleep(0.004)
        return super().take(worst, limits)

    def settle(self, number, actual):
        time.sleep(0.004)
        super().settle(number, actual)


def nothing_set_aside(purse) -> bool:
    until = time.monotonic() + 60
    while any(purse.state()[1].values()) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(purse.state()[1].values())


@pytest.mark.parametrize("kind", ["slow", "shared"])
def test_calls_cancelled_with_their_loop_give_their_reservations_back(kind, tmp_path):
    purse = SlowPurse() if kind == "slow" else SharedPurse(tmp_path / "b.sqlite", "team")
    budget = Budget(total={"usd": 1000.0}, purse=purse)

    async def spend() -> None:
        async with budget.reserved("a", usd(1.0), Cost()) as held:
            await asyncio.sleep(0.01)
            held.settle(usd(0.5))

    for number in range(40):
        with suppress(TimeoutError):
            asyncio.run(asyncio.wait_for(spend(), 0.001 * (number % 20)))
    assert nothing_set_aside(purse)
    assert purse.state()[0].get("usd", 0.0) <= 40.0


def test_a_loop_stopped_for_good_leaves_nothing_set_aside():
    purse = SlowPurse()
    budget = Budget(total={"usd": 1000.0}, purse=purse)

    async def spend() -> None:
        async with budget.reserved("a", usd(1.0), Cost()):
            await asyncio.sleep(10)

    async def leave_behind(seconds: float) -> None:
        task = asyncio.create_task(spend())
        await asyncio.sleep(seconds)
        del task  # asyncio.run cancels it when it closes the loop

    for seconds in (0.0, 0.001, 0.003, 0.006, 0.02):
        asyncio.run(leave_behind(seconds))
    assert nothing_set_aside(purse)


async def test_work_in_a_thread_ends_though_its_caller_is_cancelled():
    done = threading.Event()
    task = asyncio.create_task(in_thread(lambda: (time.sleep(0.05), done.set())))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(done.wait, 60)


async def test_work_in_a_thread_gives_back_what_came_of_it():
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)


HOLDER = """
import sys, time
from pathlib import Path
from dynamicrag.cost.shared_purse import SharedPurse
SharedPurse(Path(sys.argv[1]), "team").take({"usd": 0.4}, {"usd": 1.0})
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_process_that_nobody_waits_for_holds_nothing(tmp_path):
    path = tmp_path / "b.sqlite"
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        assert child.stdout.readline().strip() == b"held"
        purse = SharedPurse(path, "team")
        assert purse.state() == ({}, {"usd": 0.4})
        child.send_signal(signal.SIGKILL)
        until = time.monotonic() + 60
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
            time.sleep(0.01)
        assert purse.state() == ({"usd": 0.4}, {})
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_number_given_anew_is_another_process(tmp_path):
    purse = SharedPurse(tmp_path / "b.sqlite", "team")
    purse.take({"usd": 0.4}, {"usd": 1.0})
    with purse._transaction() as db:
        db.execute("UPDATE held SET born = born - 1000")
    assert purse.state() == ({"usd": 0.4}, {})


def test_a_clock_that_is_corrected_a_little_buries_nobody(tmp_path):
    purse = SharedPurse(tmp_path / "b.sqlite", "team")
    purse.take({"usd": 0.4}, {"usd": 1.0})
    with purse._transaction() as db:
        db.execute("UPDATE held SET born = born + 1")
    assert purse.state() == ({}, {"usd": 0.4})


moves = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 40)),
        st.tuples(st.just("settle"), st.integers(0, 5), st.integers(0, 40)),
        st.tuples(st.just("again"), st.integers(0, 5)),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=100)
@given(moves)
def test_the_books_sum_after_any_sequence_of_moves(sequence):
    purse, limit = MemoryPurse(), {"usd": 100.0}
    held: dict[int, float] = {}
    settled: list[int] = []
    spent = 0.0
    for move in sequence:
        if move[0] == "take":
            try:
                number = purse.take({"usd": move[1]}, limit)
            except Short:
                assert spent + sum(held.values()) + move[1] > 100
            else:
                held[number] = move[1]
        elif move[0] == "settle" and held:
            number = list(held)[move[1] % len(held)]
            actual = min(move[2], held.pop(number))
            purse.settle(number, {"usd": actual})
            settled.append(number)
            spent += actual
        elif settled:
            purse.settle(settled[move[1] % len(settled)], {"usd": 50})  # a second time: books nothing
        state = purse.state()
        assert state[0].get("usd", 0.0) == pytest.approx(spent)
        assert state[1].get("usd", 0.0) == pytest.approx(sum(held.values()))
        assert spent + sum(held.values()) <= 100 + 1e-6


call_plans = st.lists(
    st.tuples(
        st.floats(0, 0.01),  # begins
        st.floats(0, 0.006),  # takes
        st.one_of(st.none(), st.floats(0, 0.012)),  # is cancelled
        st.floats(0, 1),  # of its reservation, used
        st.booleans(),  # breaks off
    ),
    min_size=1,
    max_size=15,
)


@settings(deadline=None, max_examples=25)
@given(call_plans, st.sampled_from([MemoryPurse, SlowPurse]))
def test_calls_side_by_side_never_overspend_and_leave_nothing_set_aside(plans, kind):
    purse = kind()
    budget = Budget(total={"usd": 5.0}, purse=purse)
    used = 0.0

    async def one(begins, takes, share, breaks) -> None:
        nonlocal used
        await asyncio.sleep(begins)
        async with budget.reserved("q", usd(1.0), Cost()) as held:
            used += share
            await asyncio.sleep(takes)
            if breaks:
                raise ConnectionError
            held.settle(usd(share))

    async def run() -> None:
        tasks = []
        for begins, takes, cancelled, share, breaks in plans:
            task = asyncio.create_task(one(begins, takes, share, breaks))
            if cancelled is not None:
                asyncio.get_running_loop().call_later(cancelled, task.cancel)
            tasks.append(task)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(
            result is None or isinstance(result, ConnectionError | BudgetExceeded | asyncio.CancelledError)
            for result in results
        )

    before, module.PATIENCE = module.PATIENCE, 0.2
    try:
        asyncio.run(run())
    finally:
        module.PATIENCE = before
    assert nothing_set_aside(purse)
    spent = purse.state()[0].get("usd", 0.0)
    assert used - 1e-9 <= spent <= 5.0 + 1e-9


def hold_until_told(path, ready, done) -> None:
    SharedPurse(path, "team").take({"usd": 0.4}, {"usd": 1.0})
    ready.set()
    done.wait(30)
    os._exit(0)


def test_what_a_living_process_holds_stays_set_aside(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    path = tmp_path / "b.sqlite"
    worker = context.Process(target=hold_until_told, args=(path, ready, done))
    worker.start()
    try:
        assert ready.wait(30)
        assert SharedPurse(path, "team").state() == ({}, {"usd": 0.4})
    finally:
        done.set()
        worker.join()
    assert SharedPurse(path, "team").state() == ({"usd": 0.4}, {})
