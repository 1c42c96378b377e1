"""Charts of an evaluation of escalation: quality over cost and share escalated, reliability, spans."""

from collections.abc import Sequence

from dynamicrag.cost.amounts import percent
from dynamicrag.lab.cascade.results import CascadeResult, Chosen
from dynamicrag.lab.cascade.signal_results import Bin, Conformal
from dynamicrag.lab.routing.scale import DRAWN, cost_axis, cost_text, rising
from dynamicrag.lab.view.amounts import points, share
from dynamicrag.lab.view.charts import Axis, Curves, Dot, Line, Span, Spans
from dynamicrag.lab.view.page import Figure

_SINGLE = {"always_strong": "always strong", "always_weak": "always weak", "best_single": "best single"}


def shades(found: CascadeResult) -> dict[str, str]:
    """Return the colours of the best policies, and of the router that verifies nothing."""
    return {name: f"c{number}" for number, name in enumerate([*found.ranking[: DRAWN - 1], "router"])}


def quality_over_cost(found: CascadeResult) -> Figure:
    """Return policies, the router alone, single options and the oracle, each as quality over cost."""
    colours = shades(found)
    drawn = {name: found.policies.get(name) or found.baselines[name] for name in colours}
    lines = [Line(name, rising(own.curve), colours[name]) for name, own in drawn.items()]
    lines.append(Line("random", rising(found.random), "rest", "dotted"))
    lines.append(Line("oracle", rising(found.baselines["oracle_cheapest"].curve), "base", "dashed"))
    single = [found.baselines[f"fixed:{name}"].chosen for name in found.data.options]
    dots = [
        Dot(name, own.cost, own.quality, named=False)
        for name, own in zip(found.data.options, single, strict=True)
    ]
    dots += [_dot(name, own.chosen, own.chosen.cost, colours[name]) for name, own in drawn.items()]
    same: dict[tuple[float, float], list[str]] = {}
    for name in _SINGLE:
        point = found.baselines[name].chosen
        same.setdefault((point.cost, point.quality), []).append(name)
    dots += [
        _dot(", ".join(_SINGLE[name] for name in names), found.baselines[names[0]].chosen, cost, named=True)
        for (cost, _), names in same.items()
    ]
    cost = found.data.cost.name
    x = cost_axis(cost, lines, dots, len(single))
    title = f"Mean quality against mean {cost} a query, {found.data.test or found.data.train}"
    y = Axis("mean quality", text=share)
    return Figure(Curves(title, lines, dots, x, y), legend=[(shade, name) for name, shade in colours.items()])


def quality_over_share(found: CascadeResult) -> Figure:
    """Return the policies' quality over the share of the queries escalated."""
    lines, dots, colours = [], [], shades(found)
    for name in found.ranking[: DRAWN - 1]:
        own, shade = found.policies[name], colours[name]
        lines.append(Line(name, rising(own.curve, "escalated"), shade))
        dots.append(_dot(name, own.chosen, own.chosen.escalated, shade))
    x, y = Axis("share escalated", 0.0, 1.0, text=percent), Axis("mean quality", text=share)
    legend = [(line.shade, line.name) for line in lines]
    return Figure(Curves("Quality against share escalated", lines, dots, x, y), legend=legend)


def reliability(name: str, bins: Sequence[Bin]) -> Figure:
    """Return the share that was right over the calibrated probability, by bin."""
    dots = [Dot(f"{own.drafts:,} drafts", own.said, own.right, shade="c0", named=False) for own in bins]
    lines = [
        Line(name, [(own.said, own.right) for own in bins]),
        Line("calibrated", [(0, 0), (1, 1)], dash="dashed"),
    ]
    axis = Axis("", 0.0, 1.0, text=share)
    counts = [own.drafts for own in bins]
    low, high = min(counts), max(counts)
    about = f"{sum(counts):,} drafts, {low if low == high else f'{low}–{high}'} a bin"
    return Figure(Curves(f"{name}: share right by probability", lines, dots, axis, axis, True), name, about)


def over_router(found: CascadeResult) -> Figure:
    """Return the policies' differences to the router at equal cost."""
    cost, colours, rows = cost_text(found.data.cost.name), shades(found), []
    for name in found.ranking:
        own = found.policies[name].over_router
        low, high = own.interval or (own.difference, own.difference)
        text = f"{points(own.difference)} at {cost(own.cost)}"
        rows.append(Span(name, low, own.difference, high, text, colours.get(name, "base")))
    ends = [0.0, *(end for row in rows for end in (row.low, row.high))]
    x = Axis("points", 1.05 * min(ends) - 0.001, 1.05 * max(ends) + 0.001, text=points)
    return Figure(Spans("Difference to the router at equal cost, in points", rows, x))


def coverage(found: Conformal) -> Figure | None:
    """Return target and realised coverage; ``None`` where no query has a right member."""
    rows = []
    for own in found.levels.values():
        if own.coverage is not None:
            low, high = own.interval or (own.coverage, own.coverage)
            text = f"{share(own.coverage)} realised"
            rows.append(Span(f"target {share(own.target)}", low, own.coverage, high, text))
    axis = Axis("", 0.0, 1.0, text=share)
    return Figure(Spans("Realised coverage of conformal sets", rows, axis)) if rows else None


def _dot(name: str, chosen: Chosen, x: float, shade: str = "", *, named: bool = False) -> Dot:
    ends = chosen.intervals["quality"]
    return Dot(name, x, chosen.quality, None if ends is None else (ends[0], ends[1]), shade, True, named)
