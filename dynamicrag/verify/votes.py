"""Votes that are taken one by one, and no more of them than the outcome needs."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vote:
    """Takes votes until those to come cannot change on which side of ``least`` the share in favour falls.

    Attributes:
        most: Most votes.
        least: The share that is asked for.

    Raises:
        ValueError: ``most`` is not positive, or ``least`` not a share.
    """

    most: int
    least: float

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"samples: expected at least 1, got {self.most}")
        if not 0.0 < self.least <= 1.0:
            raise ValueError(f"least: expected a share above 0, and 1 at most, got {self.least}")

    @property
    def expected(self) -> float:
        """Ballots that an outcome takes, about: midway between all in favour and all against."""
        least = self.least * self.most
        return (math.ceil(least) + math.floor(self.most - least) + 1) / 2

    async def take(self, ballot: Callable[[], Awaitable[bool | None]]) -> tuple[float | None, int]:
        """Return the share in favour, and how many ballots were taken.

        A ballot of ``None`` is no vote; the share is ``None`` where there is none.
        """
        votes: list[bool] = []
        for taken in range(1, self.most + 1):
            vote = await ballot()
            votes += [] if vote is None else [vote]
            left, yes = self.most - taken, sum(votes)
            asked = self.least * (len(votes) + left)
            if votes and (yes >= asked or yes + left < asked):
                break
        return (sum(votes) / len(votes) if votes else None), taken
