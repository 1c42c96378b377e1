"""The situation of a decision: the open options, the remaining work under each, and those within budget."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dynamicrag.cost.expect import Plan
from dynamicrag.cost.vector import Cost, Dimension
from dynamicrag.predictors.selection import TIE
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


def admissible(
    costs: Sequence[Mapping[Dimension, float]], left: Mapping[Dimension, float]
) -> tuple[list[bool], Dimension | None]:
    """Exclude the options whose cost exceeds the remaining budget.

    Args:
        costs: Cost of the rest of the path per option, by dimension.
        left: The remaining budget of the limited dimensions.

    Returns:
        Whether each option fits, and the dimension that excludes most of the others.
    """
    fits = []
    struck: dict[Dimension, int] = {}
    for cost in costs:
        # a cost that fits exactly must not be excluded by the rounding of floats
        over = [dimension for dimension, amount in left.items() if cost[dimension] > amount * (1 + TIE)]
        fits.append(not over)
        for dimension in over:
            struck[dimension] = struck.get(dimension, 0) + 1
    return fits, max(struck, key=lambda d: struck[d], default=None)


def cheapest(expected: Sequence[Cost], left: Mapping[Dimension, float]) -> int:
    """Return the option that exceeds the limits least, in proportion to the remaining budget."""

    def overstep(cost: Cost) -> float:
        return max((cost[d] / max(amount, 1e-12) for d, amount in left.items()), default=0.0)

    return min(range(len(expected)), key=lambda index: overstep(expected[index]))
