"""Sequential voting that stops once the policy's verdict is certain."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Verdict = Callable[[float], bool]
"""Whether a share passes the policy's thresholds."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Collects votes until the remaining ones cannot change the verdict on the share in favour.

    Attributes:
        most: Largest number of votes.
        verdict: The policy's verdict on a share; ``None`` if it weighs the share itself, so that all votes
            are collected.

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
        """Approximate number of votes: midway between all in favour and all against."""
        return (self._until(1.0) + self._until(0.0)) / 2

    async def take(self, ballot: Callable[[], Awaitable[bool | None]]) -> tuple[float | None, int]:
        """Return the share in favour, and the number of votes.

        A vote of ``None`` does not count; the share is ``None`` without any vote. If votes are skipped, the
        share is the smallest possible one if it passes, and the largest possible one if it fails: two of four
        in favour are .5 against a threshold of .5, not 1.
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
        """Return the share once the remaining votes cannot change the verdict."""
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
