"""CodeCarbon's own tasks beside our account, on the same work; ``python -m tests.bench.compare``.

Work is a known number of CPU-seconds. What is right is known too: equal work costs equal joules,
whoever else computes, and what no task did is in no task's figure.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.codecarbon import JOULES_PER_KWH, CodeCarbonMeter
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.profiles import Host, Profile
from dynamicrag.types import Usage

LOCAL = Profile(runs="in_process")
BURN = "import time\nend = time.time() + {}\nwhile time.time() < end: pass"


def burn(cpu_seconds: float) -> float:
    """Use about so much CPU time of this thread, and return how much it was."""
    begin = time.thread_time()
    while time.thread_time() - begin < cpu_seconds:
        sum(range(2000))
    return time.thread_time() - begin


@contextmanager
def ours() -> Iterator[Ledger]:
    """Meter with our account."""
    ledger = Ledger(Attribution(CodeCarbonMeter()), Host())
    ledger.attribution.acquire()
    while not ledger.attribution.totals.metered:
        time.sleep(0.05)
    yield ledger
    time.sleep(1.5)
    ledger.attribution.release()


@contextmanager
def theirs(mode: str) -> Iterator[Any]:
    """Meter with CodeCarbon's tasks."""
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    tracker: Any = OfflineEmissionsTracker(
        country_iso_code="USA", output_methods=[], tracking_mode=mode, measure_power_secs=1,
        allow_multiple_runs=True, log_level="critical",
    )  # fmt: skip
    yield tracker
    tracker.stop()


def task(tracker: Any, name: str, cpu_seconds: float, *, own: bool = True) -> float | None:
    """Return CodeCarbon's joules of one task, without memory; ``None`` where it gives none."""
    tracker.start_task(name)
    burn(cpu_seconds)
    found = tracker.stop_task(name) if own else None
    return None if found is None else (found.cpu_energy + found.gpu_energy) * JOULES_PER_KWH


def span(ledger: Ledger, name: str, cpu_seconds: float) -> None:
    """Account for one task of ours."""
    with ledger.span(name, "work", "burn", LOCAL) as line:
        line.usage = Usage(calls=1, cpu_seconds=burn(cpu_seconds))


def together(work: Any) -> None:
    """Run ``work("a", 1)`` and ``work("b", 3)`` side by side."""
    threads = [threading.Thread(target=work, args=given) for given in (("a", 1.0), ("b", 3.0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def overlap() -> list[tuple[str, str, str]]:
    """Two tasks at once, of one and three CPU-seconds."""
    with ours() as ledger:
        together(lambda name, cpu: span(ledger, name, cpu))
    found: dict[str, float | None] = {}
    with theirs("process") as tracker:
        together(lambda name, cpu: found.update({name: task(tracker, name, cpu)}))
    a, b = (ledger.cost(name)["joules"] for name in "ab")
    return [("two at once, 1 and 3 CPU-seconds", f"{a:.1f} and {b:.1f} J, 1 : {b / a:.2f}",
             " and ".join("none" if x is None else f"{x:.1f} J" for x in map(found.get, "ab")))]  # fmt: skip


def gaps() -> list[tuple[str, str, str]]:
    """A second of work in a task, then one in none."""
    with ours() as ledger:
        span(ledger, "a", 1.0)
        burn(1.0)
        span(ledger, "b", 1.0)
    totals = ledger.attribution.totals
    with theirs("process") as tracker:
        one = task(tracker, "a", 1.0) or 0.0
        burn(1.0)
        two = task(tracker, "b", 1.0) or 0.0
    tasks = sum(ledger.cost(name)["joules"] for name in "ab")
    return [("1 s in a task, 1 s in none, 1 s in a task",
             f"tasks {tasks:.1f} J, idle {totals.idle:.1f} J, all {totals.active + totals.idle:.1f} J",
             f"tasks {one + two:.1f} J, the rest is nowhere")]  # fmt: skip


def short() -> list[tuple[str, str, str]]:
    """Two hundred tasks of 5 ms."""
    with ours() as ledger:
        for number in range(200):
            span(ledger, f"t{number}", 0.005)
    mine = [ledger.cost(f"t{number}")["joules"] for number in range(200)]
    with theirs("process") as tracker:
        other = [task(tracker, f"t{number}", 0.005) or 0.0 for number in range(200)]
    rows = [f"{sum(x):.1f} J in all, {sum(one == 0 for one in x)} of 200 read zero" for x in (mine, other)]
    return [("200 tasks of 5 ms, 1 CPU-second", rows[0], rows[1])]


def neighbour() -> list[tuple[str, str, str]]:
    """The same two CPU-seconds while another process leaves the other core idle, or does not."""
    figures: dict[tuple[str, bool], float] = {}
    for busy in (False, True):
        if busy:  # no child of ours, which CodeCarbon would count
            subprocess.run(["sh", "-c", f'{sys.executable} -c "{BURN.format(14)}" &'], check=True)
        with ours() as ledger:
            span(ledger, "a", 2.0)
        figures["ours", busy] = ledger.cost("a")["joules"]
        with theirs("machine") as tracker:
            figures["theirs", busy] = task(tracker, "a", 2.0) or 0.0
    rows = [
        f"{figures[who, False]:.1f} J idle, {figures[who, True]:.1f} J busy: "
        f"{figures[who, True] / max(1e-9, figures[who, False]):.2f} times"
        for who in ("ours", "theirs")
    ]
    return [("2 CPU-seconds, the other core idle and busy", rows[0], f"machine mode: {rows[1]}")]


def main() -> None:
    """Print the table."""
    for rows in (overlap(), gaps(), short(), neighbour()):
        for what, mine, other in rows:
            sys.stdout.write(f"{what}\n  our account  {mine}\n  CodeCarbon   {other}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
