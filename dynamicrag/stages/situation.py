"""What a decision is made on, besides the options: which are open, and what is left to do under each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dynamicrag.cost.expect import Plan
from dynamicrag.types import Attempt


class Situation(NamedTuple):
    """Where a turn stands when a move is chosen.

    Attributes:
        open: Which options are open, limits of cost aside.
        plans: What is left to do under each; ``None`` for nothing.
        urgent: Options that close all others if one of them is open and affordable.
        attempts: The drafts so far, the one under judgement last.
        ways: The whole paths that may still be tried.
    """

    open: Sequence[bool]
    plans: Sequence[Plan | None]
    urgent: Sequence[bool]
    attempts: Sequence[Attempt] = ()
    ways: Sequence[Mapping[str, str]] = ()
