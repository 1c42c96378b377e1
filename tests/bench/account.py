"""The account and the budget under load: what must add up, what must never be overspent."""

import asyncio
import random
import threading
import time
from typing import Any

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import Interval
from dynamicrag.cost.meters import make_meter
from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetExceeded
from dynamicrag.types import Usage
from tests.bench.measure import Measure, ratio
from tests.cost.fakes import ManualMeter

QUERIES = 1000
CAP = 0.5


def conservation() -> Measure:
    """Run a thousand overlapping queries under a meter that reports at random; what is nobody's?"""
    attribution = Attribution(ManualMeter())
    ledger, mine = Ledger(attribution, Host(), keep=2 * QUERIES), random.Random(7)
    local = Profile(runs="in_process")

    def query(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(3):
            with ledger.span(f"q{seed}", "generator", "small", local) as line:
                time.sleep(rng.random() / 500)
                line.usage = Usage(calls=1, cpu_seconds=rng.random() * rng.choice([0, 1]))

    threads = [threading.Thread(target=query, args=(seed,)) for seed in range(QUERIES)]
    since = time.perf_counter()
    for number, thread in enumerate(threads):
        thread.start()
        if number % 20 == 0:
            now = time.perf_counter()
            attribution.tick(Interval(since, now, 10 * mine.random(), mine.random(), mine.random()))
            since = now
    for thread in threads:
        thread.join()
    attribution.tick(Interval(since, time.perf_counter(), 10.0, 1.0, 0.1))
    totals = attribution.totals
    queries = sum(line.joules for n in range(QUERIES) for line in ledger.account(f"q{n}").lines)
    nobodys = totals.idle + totals.constant + totals.unexplained
    residual = abs(totals.metered - queries - nobodys) / totals.metered
    return Measure(
        f"meter less all accounts, {QUERIES} queries", residual, 1e-9, f"of {totals.metered:.0f} J"
    )


def overspend() -> Measure:
    """Spend from one total, 200 at once, with failures and cancellations among them."""
    budget, used = Budget(total={"usd": CAP}), 0.0
    worst = Cost({("usd", "estimated"): 0.01})

    async def query(number: int) -> None:
        nonlocal used
        mine = random.Random(number)
        actual = mine.random() * 0.01
        try:
            async with budget.reserved(f"q{number}", worst, Cost()) as held:
                await asyncio.sleep(mine.random() / 100)
                used += actual
                if number % 7 == 0:
                    raise ConnectionError
                held.settle(Cost({("usd", "estimated"): actual}))
        except (BudgetExceeded, ConnectionError):
            pass

    async def storm() -> None:
        tasks = [asyncio.create_task(query(number)) for number in range(200)]
        await asyncio.sleep(0.003)
        for task in tasks[::5]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(storm())
    spent, _ = budget.purse.state()
    over = max(0.0, used - CAP, spent["usd"] - CAP * (1 + 1e-9))
    return Measure(
        "overspent of a cap, 200 at once", over, 0.0, f"usd; {1 - spent['usd'] / CAP:.0%} of it left"
    )


def throughput() -> list[Measure]:
    """Answer with the smallest local model, with the meter on and off by turns."""
    from langchain_core.messages import HumanMessage

    from dynamicrag import portal
    from dynamicrag.llm.build import chat_model
    from dynamicrag.llm.pull import path_of

    if path_of("smollm2-135m-instruct") is None:
        return []
    model = chat_model("small", "local:smollm2-135m-instruct", cache_prompt=False)
    meter: Any = make_meter("codecarbon")
    ledger = Ledger(Attribution(meter), Host())

    def answer() -> None:
        for number in range(4):
            with ledger.span(f"q{number}", "generator", "small", Profile(runs="in_process")) as line:
                messages = [HumanMessage(f"Count to {number + 20}.")]
                portal.run(model.complete(messages, max_tokens=40, line=line))

    def metered() -> None:
        ledger.attribution.acquire()
        time.sleep(2.5)  # CodeCarbon starts, and reads once
        try:
            began.append(time.perf_counter())
            answer()
            took.append(time.perf_counter() - began[-1])
        finally:
            ledger.attribution.release()

    def bare() -> None:
        began.append(time.perf_counter())
        answer()
        free.append(time.perf_counter() - began[-1])

    began: list[float] = []
    took: list[float] = []
    free: list[float] = []
    ratio(metered, bare, rounds=5)
    pairs = sorted(on / off for on, off in zip(took[1:], free[1:], strict=True))
    value = pairs[len(pairs) // 2]
    return [
        Measure("real answers, meter on / off", value, 1 / 0.97, f"throughput {1 / value:.3f}, goal 0.97")
    ]


def measures() -> list[Measure]:
    """Return the measures of this module."""
    return [conservation(), overspend(), *throughput()]
