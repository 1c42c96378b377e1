"""The options of a stage within the remaining budget."""

from collections.abc import Sequence
from typing import NamedTuple

from dynamicrag.cost.expect import Plan
from dynamicrag.cost.vector import Dimension


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
