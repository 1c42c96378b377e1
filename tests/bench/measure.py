"""Interleaved rounds and the median of their ratios: what holds on a noisy machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]


@dataclass(frozen=True)
class Measure:
    """One line of the bench: a ratio, and the most it may be."""

    name: str
    value: float
    goal: float
    note: str = ""

    def __str__(self) -> str:
        verdict = "OK" if self.value <= self.goal else "SHORT"
        goal = f"<= {self.goal:.4g}"
        return f"{self.name:<48} {self.value:>10.4g} {goal:>10}  {verdict:<6} {self.note}"


def ratio(ours: Work, theirs: Work, *, rounds: int = 15, repeat: int = 1) -> tuple[float, float, float]:
    """Return the median ratio of the times of ``ours`` to ``theirs``, and the median seconds of each."""
    ours(), theirs()  # warm
    pairs = [(_seconds(ours, repeat), _seconds(theirs, repeat)) for _ in range(rounds)]
    return median(a / b for a, b in pairs), median(a for a, _ in pairs), median(b for _, b in pairs)


def _seconds(work: Work, repeat: int) -> float:
    begin = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - begin) / repeat
