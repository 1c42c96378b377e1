"""Which options the limits leave open. Every router's choice passes through here."""

from collections.abc import Mapping, Sequence

from dynamicrag.cost.vector import Cost, Dimension


def admissible(
    costs: Sequence[Mapping[Dimension, float]], left: Mapping[Dimension, float]
) -> tuple[list[bool], Dimension | None]:
    """Strike out the options whose cost does not fit into what is left.

    Args:
        costs: Cost of the rest of the path per option, by dimension.
        left: What is left, for the limited dimensions only.

    Returns:
        Whether each option fits, and the dimension that struck out most of those that do not.
    """
    fits = []
    struck: dict[Dimension, int] = {}
    for cost in costs:
        over = [dimension for dimension, amount in left.items() if cost[dimension] > amount]
        fits.append(not over)
        for dimension in over:
            struck[dimension] = struck.get(dimension, 0) + 1
    return fits, max(struck, key=lambda d: struck[d], default=None)


def cheapest(expected: Sequence[Cost], left: Mapping[Dimension, float]) -> int:
    """Return the option that oversteps the limits least, in proportion to what is left."""

    def overstep(cost: Cost) -> float:
        return max((cost[d] / max(amount, 1e-12) for d, amount in left.items()), default=0.0)

    return min(range(len(expected)), key=lambda index: overstep(expected[index]))
