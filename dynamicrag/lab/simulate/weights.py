"""The weights of cost at which learners are judged, where the user gives none."""

from typing import NamedTuple

from dynamicrag.errors import InputError
from dynamicrag.predictors.checks import Floats

APART = 2.0
"""Factor between the middle weight and the two others."""


class Weight(NamedTuple):
    """A weight of cost: quality that one unit is worth."""

    name: str
    value: float


def default_weights(quality: Floats, cost: Floats) -> list[Weight]:
    """Return the middle weight, then a low and a high one.

    At the middle weight, the option with the best mean quality is worth exactly as much as the best of the
    cheaper options: quality and cost are in a real trade, and no fixed option wins clearly. The two others
    are half and twice of it. All are 0, and so one alone, if no option is both better and more expensive
    than another.

    Args:
        quality: Mean quality of each option, (k,).
        cost: Mean cost of each option, (k,).
    """
    best = min(range(len(quality)), key=lambda k: (-quality[k], cost[k]))
    rates = [
        (quality[best] - quality[k]) / (cost[best] - cost[k])
        for k in range(len(quality))
        if cost[k] < cost[best] and quality[k] < quality[best]
    ]
    if not rates:
        return [Weight("middle", 0.0)]
    middle = float(min(rates))
    return [Weight("middle", middle), Weight("low", middle / APART), Weight("high", middle * APART)]


def given_weights(values: list[float]) -> list[Weight]:
    """Return the weights that a user gives; the first is the one with all seeds.

    Raises:
        InputError: One occurs twice.
    """
    if len(set(values)) < len(values):
        raise InputError("--weight: the same number twice")
    names = ["middle", *(f"{value:g}" for value in values[1:])]
    return [Weight(name, value) for name, value in zip(names, values, strict=True)]
