"""Selects and groups the queries of a report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line knows the groups before it reads a query
    from dynamicrag.lab.report.turns import Turn

BASELINE = "always-large"


class By(StrEnum):
    """A key to group queries by."""

    policy = "policy"
    thread = "thread"
    day = "day"
    tag = "tag"
    user = "user"


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection of a report's queries.

    Attributes:
        policy: Of this policy alone.
        thread: Of this thread alone.
        tag: With this tag alone.
        user: Of this user alone.
        since: Seconds since the epoch; those from then on.
        by: The key to group them by.
        baseline: The policy that savings are against.
    """

    policy: str | None = None
    thread: str | None = None
    tag: str | None = None
    user: str | None = None
    since: float = 0.0
    by: By = By.policy
    baseline: str = BASELINE

    def of(self, turns: "Sequence[Turn]") -> "list[Turn]":
        """Return the selected ones of ``turns``."""
        return [
            turn
            for turn in turns
            if self.policy in (None, turn.policy)
            and self.thread in (None, turn.thread)
            and (self.tag is None or self.tag in turn.tags)
            and self.user in (None, turn.user)
            and turn.at >= self.since
        ]


_KEYS: "Mapping[By, Callable[[Turn], Sequence[str]]]" = {
    By.policy: lambda turn: [turn.policy],
    By.thread: lambda turn: [turn.thread],
    By.day: lambda turn: [f"{turn.time:%Y-%m-%d}"],
    By.tag: lambda turn: turn.tags or [""],
    By.user: lambda turn: [turn.user],
}


def grouped(turns: "Sequence[Turn]", by: By, baseline: str = BASELINE) -> "dict[str, list[Turn]]":
    """Return queries by policy (the baseline last), thread, tag or user (most expensive first), or by day.

    A query with several tags is in the group of each.
    """
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        for key in _KEYS[by](turn):
            found.setdefault(key, []).append(turn)
    if by in (By.policy, By.day):
        return dict(
            sorted(found.items(), key=lambda item: (by is By.policy and item[0] == baseline, item[0]))
        )
    return dict(sorted(found.items(), key=lambda item: -sum(turn.joules for turn in item[1])))
