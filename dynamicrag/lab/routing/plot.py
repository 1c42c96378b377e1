"""The chart of an evaluation: the quality that routers, options and the oracle give for a mean cost."""

from collections.abc import Mapping

from dynamicrag.lab.routing.results import Evaluation, RouterResult
from dynamicrag.lab.routing.scale import DRAWN, cost_axis, rising
from dynamicrag.lab.view.amounts import share
from dynamicrag.lab.view.charts import Axis, Curves, Dot, Line
from dynamicrag.lab.view.page import Figure


def quality_over_cost(found: Evaluation) -> Figure | None:
    """Return the best routers, a random choice, the oracle and the options; ``None`` without a cost."""
    data = found.data
    if data.cost is None:
        return None
    shades = {name: f"c{number}" for number, name in enumerate(found.ranking[:DRAWN])}
    lines = [Line(name, rising(found.routers[name].curve), shade) for name, shade in shades.items()]
    lines.append(Line("random", rising(found.baselines["random"].curve), "rest", "dotted"))
    lines.append(Line("oracle", rising(found.baselines["oracle_cheapest"].curve), "base", "dashed"))
    alone = {name: found.baselines[f"fixed:{name}"] for name in data.options}
    best = max(alone, key=lambda name: alone[name].quality)
    dots = [
        Dot(name, own.cost, own.quality, strong=name == best, named=not _dominated(own, alone))
        for name, own in alone.items()
    ]
    x = cost_axis(data.cost.name, lines, dots, len(dots))
    title = f"{data.test or data.train}: mean quality against mean {data.cost.name}, {data.queries:,} queries"
    chart = Curves(title, lines, dots, x, Axis("mean quality", text=share))
    return Figure(chart, legend=[(shade, name) for name, shade in shades.items()])


def _dominated(own: RouterResult, others: Mapping[str, RouterResult]) -> bool:
    """Return whether another option is better and costs no more."""
    return any(other.cost <= own.cost and other.quality > own.quality for other in others.values())
