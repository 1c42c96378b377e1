"""Which queries a report is about, and how they are grouped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from dynamicrag.lab.report.records import Turn

BASELINE = "always-large"


class By(StrEnum):
    """What queries are grouped by."""

    policy = "policy"
    thread = "thread"
    day = "day"
    tag = "tag"
    user = "user"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which queries a report is about.

    Attributes:
        policy: Of this policy alone.
        thread: Of this thread alone.
        tag: With this tag alone.
        user: Of this user alone.
        since: Seconds since the epoch; those from then on.
        by: What they are grouped by.
        baseline: The policy that savings are against.
    """

    policy: str | None = None
    thread: str | None = None
    tag: str | None = None
    user: str | None = None
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
            and (self.tag is None or self.tag in tags_of(turn))
            and self.user in (None, user_of(turn))
            and turn["at"] >= self.since
        ]


def tags_of(turn: Turn) -> list[str]:
    """Return the tags that a caller gave a query; none were kept at first."""
    return list(turn.get("tags", ()))


def user_of(turn: Turn) -> str:
    """Return who asked, if the caller said."""
    return str(turn.get("user", ""))


def day_of(turn: Turn) -> str:
    """Return the day of a query, in UTC."""
    return datetime.fromtimestamp(turn["at"], UTC).strftime("%Y-%m-%d")


_KEYS: Mapping[By, Callable[[Turn], Sequence[str]]] = {
    By.policy: lambda turn: [str(turn["policy"])],
    By.thread: lambda turn: [str(turn["thread"])],
    By.day: lambda turn: [day_of(turn)],
    By.tag: lambda turn: tags_of(turn) or [""],
    By.user: lambda turn: [user_of(turn)],
}


def grouped(turns: Sequence[Turn], by: By, baseline: str = BASELINE) -> dict[str, list[Turn]]:
    """Return queries by policy (the baseline last), thread, tag or user (the dearest first), or by day.

    A query with several tags is in the group of each.
    """
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        for key in _KEYS[by](turn):
            found.setdefault(key, []).append(turn)
    if by in (By.thread, By.tag, By.user):
        joules = {name: sum(turn["cost"]["joules"]["value"] for turn in own) for name, own in found.items()}
        return dict(sorted(found.items(), key=lambda item: -joules[item[0]]))
    return dict(sorted(found.items(), key=lambda item: (by is By.policy and item[0] == baseline, item[0])))
