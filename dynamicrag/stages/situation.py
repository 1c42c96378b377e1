"""The situation of a decision: the open options, the remaining work under each, and those within budget."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dynamicrag.cost.expect import Plan
from dynamicrag.cost.vector import Dimension
from dynamicrag.turn import Attempt
from dynamicrag.types import Option


class Situation(NamedTuple):
    """The situation of a turn when a move is chosen.

    Attributes:
        open: Whether each option is open, apart from limits of cost.
        plans: The remaining work under each option; ``None`` for none.
        urgent: Options that close all others if one of them is open and affordable.
        attempts: The drafts so far; the last is under judgement.
        ways: The whole paths that may still be tried.
        steps: The stage and the option to which a move back to each stage leads.
    """

    open: Sequence[bool]
    plans: Sequence[Plan | None]
    urgent: Sequence[bool]
    attempts: Sequence[Attempt] = ()
    ways: Sequence[Mapping[str, str]] = ()
    steps: Mapping[str, tuple[str, Option]] = {}


class Room(NamedTuple):
    """The remaining work under the options of a stage, within the remaining budget.

    Attributes:
        plans: The remaining work under each option: as planned, or another way if only that fits.
        fits: Whether each option has such a way.
        binding: The dimension that excludes most of the others.
    """

    plans: Sequence[Plan | None]
    fits: Sequence[bool]
    binding: Dimension | None
