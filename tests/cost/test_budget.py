"""Reserve, settle, return: nothing is overspent, whatever happens in between."""

import asyncio
import multiprocessing
import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dynamicrag.call_options import CallOptions
from dynamicrag.cost import budget as module
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.purse import MemoryPurse, Short
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetError, BudgetExceeded


def usd(amount: float, tokens: float = 0.0) -> Cost:
    return Cost({("usd", "estimated"): amount, ("tokens", "measured"): tokens})


@pytest.fixture(params=["memory", "shared"])
def purse(request, tmp_path):
    return SharedPurse(tmp_path / "budgets.sqlite", "team") if request.param == "shared" else None


async def spend(budget: Budget, query: str, worst: Cost, actual: Cost | None = None) -> None:
    async with budget.reserved(query, worst, Cost()) as held:
        if actual is not None:
            held.settle(actual)


async def test_what_is_set_aside_and_not_used_comes_back(purse, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    budget = Budget(total={"usd": 1.0}, purse=purse)
    async with budget.reserved("a", usd(0.8), Cost()) as held:
        assert (await budget.left("b", Cost()))["usd"] == pytest.approx(0.2)
        with pytest.raises(
            BudgetExceeded, match=r"budget\.total\.usd: a call may use 0\.3, and 0\.2 is left"
        ):
            await spend(budget, "b", usd(0.3))
        held.settle(usd(0.1))
    assert (await budget.left("b", Cost()))["usd"] == pytest.approx(0.9)


async def test_a_call_waits_for_what_would_make_it_fit(purse):
    budget = Budget(total={"usd": 1.0}, purse=purse)

    async def first() -> None:
        async with budget.reserved("a", usd(0.8), Cost()) as held:
            await asyncio.sleep(0.2)
            held.settle(usd(0.1))

    task = asyncio.create_task(first())
    await asyncio.sleep(0.1)
    await spend(budget, "b", usd(0.8), usd(0.5))
    await task
    with pytest.raises(BudgetExceeded):  # at once: nothing is set aside that could come back
        await asyncio.wait_for(spend(budget, "c", usd(0.5)), 1.0)


async def test_what_comes_back_between_two_looks_is_not_overlooked():
    class Racing(MemoryPurse):
        def take(self, amounts, limits):
            if not self.state()[0]:
                self.add({"usd": 0.1})  # the other call ends here, after it was in the way
                raise Short("usd", 0.2, passing=True)
            return super().take(amounts, limits)

    budget = Budget(total={"usd": 1.0}, purse=Racing())
    await spend(budget, "b", usd(0.8), usd(0.5))
    assert budget.state()["usd"].spent == pytest.approx(0.6)


async def test_a_call_that_breaks_off_is_charged_its_worst_case(purse):
    budget = Budget(total={"usd": 1.0}, purse=purse)
    with pytest.raises(ConnectionError):
        async with budget.reserved("a", usd(0.8), Cost()):
            raise ConnectionError
    assert (await budget.left("b", Cost()))["usd"] == pytest.approx(0.2)


async def test_limits_per_query_hold_for_calls_side_by_side():
    budget = Budget(per_query={"tokens": 100})
    async with budget.reserved("a", usd(0, 60), Cost()):
        with pytest.raises(BudgetExceeded, match=r"per_query\.tokens"):
            await spend(budget, "a", usd(0, 60))
        await spend(budget, "b", usd(0, 60))
    assert await budget.left("a", usd(0, 30)) == {"tokens": 70}
    assert await budget.left("a", usd(0, 130)) == {"tokens": 0}


async def test_joules_are_booked_as_estimated_and_corrected_when_they_are_metered(purse):
    budget = Budget(total={"joules": 100.0}, purse=purse)
    estimated = Cost({("joules", "calibrated"): 30.0})
    await spend(budget, "a", Cost({("joules", "calibrated"): 50.0}), estimated)
    assert (await budget.left("b", Cost()))["joules"] == pytest.approx(70)
    budget.close(Cost({("joules", "measured"): 45.0}), estimated)
    assert (await budget.left("b", Cost()))["joules"] == pytest.approx(55)
    await spend(budget, "b", Cost({("joules", "calibrated"): 55.0}))
    budget.close(Cost({("joules", "measured"): 60.0}), Cost({("joules", "calibrated"): 55.0}))
    standing = budget.state()["joules"]
    assert (standing.left, standing.overspent) == (0.0, pytest.approx(5.0))


async def test_money_is_only_ever_corrected_upwards():
    budget = Budget(total={"usd": 1.0})
    with pytest.raises(TimeoutError):
        async with budget.reserved("a", usd(0.5), Cost()):
            raise TimeoutError
    budget.close(usd(0.1), usd(0.5))
    assert (await budget.left("b", Cost()))["usd"] == pytest.approx(0.5)


async def test_a_reservation_cancelled_in_the_making_does_not_stay(tmp_path):
    budget = Budget(total={"usd": 1.0}, purse=SharedPurse(tmp_path / "b.sqlite", "team"))
    for delay in (0.0, 0.001, 0.005):
        task = asyncio.create_task(spend(budget, "a", usd(0.9), Cost()))
        await asyncio.sleep(delay)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0.3)
    _, held = budget.purse.state()
    assert held == {}


async def storm(budget: Budget, seed: int, number: int, ready: list[float]) -> float:
    """Spend until nothing is left, with failures and cancellations; return what was really used."""
    used = 0.0

    async def one(n: int) -> None:
        nonlocal used
        mine = random.Random(1000 * seed + n)
        await asyncio.sleep(mine.random() * 0.05)
        actual = mine.random() * 0.01
        try:
            async with budget.reserved(f"{seed}-{n}", usd(0.01), Cost()) as held:
                await asyncio.sleep(mine.random() * 0.02)
                used += actual
                if n % 7 == 0:
                    raise ConnectionError
                held.settle(usd(actual))
        except (BudgetExceeded, ConnectionError):
            pass

    tasks = [asyncio.create_task(one(n)) for n in range(number)]
    await asyncio.sleep(0.02)
    for task in tasks[::5]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return used


@pytest.mark.slow
async def test_two_hundred_at_once_never_overspend(purse):
    cap = 0.5
    budget = Budget(total={"usd": cap}, purse=purse)
    used = await storm(budget, 1, 200, [])
    spent, held = budget.purse.state()
    assert used <= cap
    assert spent["usd"] <= cap * (1 + 1e-9)
    assert not held.get("usd")
    assert used > 0.2 * cap, "the cap was there to be used"


def work(path: Path, seed: int, results) -> None:
    budget = Budget(total={"usd": 0.5}, purse=SharedPurse(path, "team"))
    results.put(asyncio.run(storm(budget, seed, 50, [])))


@pytest.mark.slow
def test_four_processes_never_overspend_together(tmp_path):
    path, context = tmp_path / "budgets.sqlite", multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=work, args=(path, seed, results)) for seed in range(4)]
    for worker in workers:
        worker.start()
    used = sum(results.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    spent, held = SharedPurse(path, "team").state()
    assert used <= 0.5
    assert spent["usd"] <= 0.5 * (1 + 1e-9)
    assert not held.get("usd")


def hold_and_die(path: Path) -> None:
    import os

    SharedPurse(path, "team").take({"usd": 0.4}, {"usd": 1.0})
    os._exit(1)


def test_what_a_dead_process_held_is_taken_for_spent(tmp_path):
    path = tmp_path / "budgets.sqlite"
    worker = multiprocessing.get_context("spawn").Process(target=hold_and_die, args=(path,))
    worker.start()
    worker.join()
    assert SharedPurse(path, "team").state() == ({"usd": 0.4}, {})


def test_totals_have_names_and_can_begin_anew(tmp_path):
    one, other = (SharedPurse(tmp_path / "b.sqlite", name) for name in ("one", "other"))
    one.add({"usd": 0.25})
    assert other.state() == ({}, {})
    one.reset()
    assert one.state() == ({}, {})


def test_a_total_that_cannot_be_kept_is_not_spent_from(tmp_path):
    path = tmp_path / "b.sqlite"
    path.write_bytes(b"this is no database, but it is long enough to look like one" * 20)
    with pytest.raises(BudgetError, match="cannot be stored"):
        SharedPurse(path, "team").take({"usd": 0.1}, {"usd": 1.0})
    assert isinstance(sqlite3.DatabaseError(), sqlite3.Error)


async def test_a_grant_raises_the_limit_of_its_query_and_no_total():
    budget = Budget({"usd": 1.0, "tokens": 10.0}, total={"usd": 1.2})
    call = CallOptions(budget={"usd": 0.5}, granted={"usd": 0.25, "joules": 7.0})
    view = budget.of_call(call)
    assert view.per_query == {"usd": 0.75, "tokens": 10.0}, "joules have no limit to raise"
    assert view.total == {"usd": 1.2}
    assert budget.per_query == {"usd": 1.0, "tokens": 10.0}
    own, shared = await view.rest("a", usd(0.8, tokens=3.0))
    assert own == {"usd": pytest.approx(-0.05), "tokens": pytest.approx(7.0)}
    assert shared == {"usd": pytest.approx(1.2)}
    assert await view.left("a", usd(0.8)) == {"usd": 0.0, "tokens": 10.0}
    await spend(budget.of_call(CallOptions(granted={"usd": 0.1})), "a", usd(1.05))
    with pytest.raises(BudgetExceeded, match=r"budget\.total\.usd"):
        await spend(budget.of_call(CallOptions(granted={"usd": 0.5})), "b", usd(1.3))


async def test_a_refused_call_says_what_it_lacks():
    budget = Budget({"usd": 1.0, "tokens": 10.0}, exhausted="ask")
    with pytest.raises(BudgetExceeded) as refused:
        await spend(budget, "a", usd(1.5, tokens=12.0))
    assert refused.value.short == {"usd": pytest.approx(0.5), "tokens": pytest.approx(2.0)}
    assert BudgetExceeded("nothing fits").short == {}


class Shared:
    """One query whose calls run side by side; each books its cost before it releases its reservation."""

    def __init__(self, limit: float, worst: float, actual: float) -> None:
        self.budget = Budget(per_query={"usd": limit})
        self.worst, self.actual = usd(worst), usd(actual)
        self.booked: list[Cost] = []
        self.most = 0.0

    def spent(self) -> Cost:
        return Cost.total(self.booked)

    async def call(self, seconds: float) -> None:
        async with self.budget.reserved("a", self.worst, self.spent) as held:
            await asyncio.sleep(seconds)
            self.booked.append(self.actual)
            held.settle(self.actual)


async def test_calls_of_a_query_wait_for_each_other_and_never_overshoot():
    query = Shared(limit=1.0, worst=0.3, actual=0.02)
    await asyncio.gather(*[query.call(0.01) for _ in range(30)])
    assert query.spent()["usd"] == pytest.approx(0.6)
    query = Shared(limit=1.0, worst=0.3, actual=0.3)
    ended = await asyncio.gather(*[query.call(0.01) for _ in range(30)], return_exceptions=True)
    assert ended.count(None) == 3
    assert all(isinstance(each, BudgetExceeded) for each in ended if each is not None)
    assert query.spent()["usd"] == pytest.approx(0.9)


def test_calls_of_a_query_in_threads_wait_for_each_other():
    query = Shared(limit=1.0, worst=0.3, actual=0.02)
    with ThreadPoolExecutor(30) as pool:
        list(pool.map(lambda _: asyncio.run(query.call(0.01)), range(30)))
    assert query.spent()["usd"] == pytest.approx(0.6)


async def test_a_call_that_can_never_fit_is_refused_at_once():
    query = Shared(limit=1.0, worst=0.6, actual=0.6)
    async with query.budget.reserved("a", usd(0.3), query.spent):
        with pytest.raises(BudgetExceeded):
            await asyncio.wait_for(spend_more(query, 1.1), 1.0)


async def test_a_refusal_says_how_much_other_calls_reserve(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    query = Shared(limit=1.0, worst=0.6, actual=0.6)
    async with query.budget.reserved("a", usd(0.6), query.spent):
        with pytest.raises(BudgetExceeded, match=r"0\.4 is left \(0\.6 is reserved by other calls"):
            await query.call(0.0)


async def spend_more(query: Shared, worst: float) -> None:
    async with query.budget.reserved("a", usd(worst), query.spent):
        pass
