"""Which queries a report is about, and how they are grouped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from dynamicrag.evaluation.report.records import Turn

BASELINE = "always-large"


class By(StrEnum):
    """What queries are grouped by."""

    policy = "policy"
    thread = "thread"
    day = "day"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which queries a report is about.

    Attributes:
        policy: Of this policy alone.
        thread: Of this thread alone.
        since: Seconds since the epoch; those from then on.
        by: What they are grouped by.
        baseline: The policy that savings are against.
    """

    policy: str | None = None
    thread: str | None = None
    since: float = 0.0
    by: By = By.policy
    baseline: str = BASELINE

    def of(self, turns: Sequence[Turn]) -> list[Turn]:
        """Return those of ``turns`` that are meant."""
        return [
            turn
            for turn in turns
            if self.policy in (None, turn["policy"])
            and self.thread in (None, turn["thread"])
            and turn["at"] >= self.since
        ]


def day_of(turn: Turn) -> str:
    """Return the day of a query, in UTC."""
    return datetime.fromtimestamp(turn["at"], UTC).strftime("%Y-%m-%d")


_KEYS: Mapping[By, Callable[[Turn], str]] = {
    By.policy: lambda turn: str(turn["policy"]),
    By.thread: lambda turn: str(turn["thread"]),
    By.day: day_of,
}


def grouped(turns: Sequence[Turn], by: By, baseline: str = BASELINE) -> dict[str, list[Turn]]:
    """Return queries by policy (the baseline last), by thread (the dearest first) or by day."""
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        found.setdefault(_KEYS[by](turn), []).append(turn)
    if by is By.thread:
        joules = {name: sum(turn["cost"]["joules"]["value"] for turn in own) for name, own in found.items()}
        return dict(sorted(found.items(), key=lambda item: -joules[item[0]]))
    return dict(sorted(found.items(), key=lambda item: (by is By.policy and item[0] == baseline, item[0])))
