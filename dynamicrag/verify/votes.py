"""Votes that are taken one by one, and no more of them than the policy's verdict needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Verdict = Callable[[float], bool]
"""Whether a share passes the policy's thresholds."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Takes votes until those to come cannot change the verdict on the share in favour.

    Attributes:
        most: Most votes.
        verdict: What the policy makes of the share; ``None`` where it weighs the share itself, so that all
            votes are taken.

    Raises:
        ValueError: ``most`` is not positive.
    """

    most: int
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"samples: expected at least 1, got {self.most}")

    @property
    def expected(self) -> float:
        """Ballots that an outcome takes, about: midway between all in favour and all against."""
        return (self._until(1.0) + self._until(0.0)) / 2

    async def take(self, ballot: Callable[[], Awaitable[bool | None]]) -> tuple[float | None, int]:
        """Return the share in favour, and how many ballots were taken.

        A ballot of ``None`` is no vote; the share is ``None`` where there is none. Where votes are saved, the
        share is the least that the full one could be if it passes, and the most if it fails: two of four in
        favour are .5 against a threshold of .5, and not 1.
        """
        yes = number = 0
        for taken in range(1, self.most + 1):
            vote = await ballot()
            yes += bool(vote)
            number += vote is not None
            share = self._settled(yes, number, self.most - taken)
            if share is not None:
                return share, taken
        return (yes / number if number else None), self.most

    def _settled(self, yes: int, number: int, left: int) -> float | None:
        """Return the share once no other votes can change the verdict."""
        if not number or not left or self.verdict is None:
            return None
        low, high = yes / (number + left), (yes + left) / (number + left)
        if self.verdict(low) != self.verdict(high):
            return None
        return low if self.verdict(low) else high

    def _until(self, share: float) -> int:
        for number in range(1, self.most):
            if self._settled(round(number * share), number, self.most - number) is not None:
                return number
        return self.most
