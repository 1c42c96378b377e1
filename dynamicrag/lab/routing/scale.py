"""Cost in charts and tables of evaluations: its text, its axis, and the best points of a curve."""

from collections.abc import Iterable, Sequence

import numpy as np

from dynamicrag.cost.amounts import amount, digits
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.results import CurvePoint
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.view.charts import Axis, Dot, Format, Line, plain_number

DRAWN = 6
"""Most routers or policies that are drawn."""
WIDE = 30
"""Ratio of the highest to the lowest cost from which more than two options have a logarithmic scale."""


def cost_text(name: str) -> Format:
    """Return the formatter of a cost: with its unit if it is a cost dimension."""
    return (lambda value: amount(name, value, noun=False)) if name in DIMENSIONS else digits


def _tick(name: str) -> Format:
    """Return the formatter of a cost at a scale: without zeros behind the point."""
    if name in DIMENSIONS:
        return lambda value: amount(name, float(f"{value:.3g}"), brief=True, noun=False)
    return lambda value: plain_number(float(f"{value:.3g}"))


def cost_axis(name: str, lines: Iterable[Line], dots: Iterable[Dot], options: int) -> Axis:
    """Return the axis of a mean cost; logarithmic where the costs of several options lie far apart."""
    costs = [x for line in lines for x, _ in line.points] + [dot.x for dot in dots]
    logarithmic = options > 2 and min(costs) > 0 and max(costs) / min(costs) >= WIDE
    return Axis(f"mean {name} a query", None if logarithmic else 0.0, None, logarithmic, _tick(name))


def rising(curve: Sequence[CurvePoint], across: str = "cost") -> list[tuple[float, float]]:
    """Return the points of a curve, ``across`` and quality, that are worth their cost, in rising order."""
    best = Curve.of(*(np.array([getattr(point, name) for point in curve]) for name in (across, "quality")))
    return list(zip(best.cost.tolist(), best.quality.tolist(), strict=True))
