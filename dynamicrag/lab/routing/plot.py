"""The chart of an evaluation: the quality that routers, options and the oracle give for a mean cost."""

from collections.abc import Mapping, Sequence

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.results import CurvePoint, Evaluation, RouterResult
from dynamicrag.lab.view.amounts import amount, digits, share
from dynamicrag.lab.view.charts import Axis, Curves, Dot, Format, Line
from dynamicrag.lab.view.page import Figure

DRAWN = 6
"""Most routers that are drawn."""
WIDE = 30
"""Ratio of the highest to the lowest cost from which more than two options have a logarithmic scale."""


def cost_text(name: str) -> Format:
    """Return the formatter of a cost: with its unit if it is a cost dimension."""
    return (lambda value: amount(name, value, noun=False)) if name in DIMENSIONS else digits


def quality_over_cost(found: Evaluation) -> Figure | None:
    """Return the best routers, a random choice, the oracle and the options; ``None`` without a cost."""
    data = found.data
    if data.cost is None:
        return None
    shades = {name: f"c{number}" for number, name in enumerate(found.ranking[:DRAWN])}
    lines = [Line(name, _points(found.routers[name].curve), shade) for name, shade in shades.items()]
    lines.append(Line("random", _points(found.baselines["random"].curve), "rest", "dotted"))
    lines.append(Line("oracle", _points(found.baselines["oracle_cheapest"].curve), "base", "dashed"))
    alone = {name: found.baselines[f"fixed:{name}"] for name in data.options}
    best = max(alone, key=lambda name: alone[name].quality)
    dots = [
        Dot(name, own.cost, own.quality, strong=name == best, named=not _dominated(own, alone))
        for name, own in alone.items()
    ]
    costs = [cost for line in lines for cost, _ in line.points] + [dot.x for dot in dots]
    logarithmic = len(dots) > 2 and min(costs) > 0 and max(costs) / min(costs) >= WIDE
    x = Axis(
        f"mean {data.cost.name} a query", None if logarithmic else 0.0, None, logarithmic,
        cost_text(data.cost.name),
    )  # fmt: skip
    title = f"{data.test or data.train}: mean quality against mean {data.cost.name}, {data.queries:,} queries"
    chart = Curves(title, lines, dots, x, Axis("mean quality", text=share))
    return Figure(chart, legend=[(shade, name) for name, shade in shades.items()])


def _dominated(own: RouterResult, others: Mapping[str, RouterResult]) -> bool:
    """Return whether another option is better and costs no more."""
    return any(other.cost <= own.cost and other.quality > own.quality for other in others.values())


def _points(curve: Sequence[CurvePoint]) -> Sequence[tuple[float, float]]:
    best = Curve.of(np.array([point.cost for point in curve]), np.array([point.quality for point in curve]))
    return list(zip(best.cost.tolist(), best.quality.tolist(), strict=True))
