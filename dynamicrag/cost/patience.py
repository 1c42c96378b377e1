"""Waiting for the reservations of other calls to be released."""

import asyncio
import random
import time

from dynamicrag.errors import BudgetExceeded

__all__ = ["Passing", "moment", "too_much"]


class Passing(Exception):
    """A call does not fit into the limit of its query, but would without the query's other calls.

    Attributes:
        exceeded: The error for a caller that does not wait.
    """

    def __init__(self, exceeded: BudgetExceeded) -> None:
        super().__init__(str(exceeded))
        self.exceeded = exceeded


async def moment(since: float) -> None:
    """Wait a moment, longer the longer the caller has waited since ``since``; not all callers at once."""
    waited = time.monotonic() - since
    await asyncio.sleep(min(0.5, 0.02 + waited / 4) * (0.5 + random.random()))


def too_much(place: str, worst: float, left: float, reserved: float = 0.0) -> str:
    """Return the message for a call that a limit refuses; other calls of the query hold ``reserved``."""
    amounts = f"a call may use {worst:.4g}, and {left:.4g} is left"
    if reserved > 0:
        amounts += f" ({reserved:.4g} is reserved by other calls of the query)"
    return f"{place}: {amounts}; raise the limit, or use cheaper models"
