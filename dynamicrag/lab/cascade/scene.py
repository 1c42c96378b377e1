"""An evaluation of escalation as plots: quality against cost and share escalated, said against found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.scene import DRAWN, Dot, Line, Scene, compose

BASELINES = {"always_strong": "always strong", "always_weak": "always weak", "best_single": "best single"}


def compose_cascade(found: Mapping[str, Any]) -> Scene:
    """Return the plot: policies, the router that verifies nothing, single options, the oracle.

    The points that were chosen beforehand, and what they have to beat, have intervals.

    Args:
        found: From :func:`~dynamicrag.lab.cascade.evaluate.evaluate`.
    """
    drawn = {**found["policies"], "router": found["baselines"]["router"]}
    alone = {
        name: {**own, **own["chosen"]} if "chosen" in own else own for name, own in found["baselines"].items()
    }
    scene = compose({
        "data": found["data"], "ranking": _drawn(found), "routers": drawn, "baselines": alone,
    })  # fmt: skip
    assert scene is not None, "a cascade has a cost"
    dots = [replace(dot, named=False, best=False) for dot in scene.dots]
    dots += [_dot(name, drawn[name]["chosen"], f"c{n}", named=False) for n, name in enumerate(_drawn(found))]
    same: dict[tuple[float, float], list[str]] = {}
    for name in BASELINES:
        point = found["baselines"][name]["chosen"]
        same.setdefault((point["cost"], point["quality"]), []).append(name)
    dots += [
        _dot(", ".join(BASELINES[n] for n in names), found["baselines"][names[0]]["chosen"], "", named=True)
        for names in same.values()
    ]
    return replace(scene, dots=dots, qualities=_reach(scene.qualities, dots))


def compose_shares(found: Mapping[str, Any]) -> Scene:
    """Return quality against the share of the queries that were escalated."""
    lines, dots = [], []
    for number, name in enumerate(found["ranking"][:DRAWN]):
        own = found["policies"][name]
        curve = Curve.of(*(np.array([p[key] for p in own["curve"]]) for key in ("escalated", "quality")))
        points = list(zip(curve.cost.tolist(), curve.quality.tolist(), strict=True))
        lines.append(Line(name, f"c{number}", points))
        chosen = {**own["chosen"], "cost": own["chosen"]["escalated"]}
        dots.append(_dot(name, chosen, f"c{number}", named=False))
    every = [q for line in lines for _, q in line.points]
    return Scene(lines, dots, False, (0.0, 1.0), _reach((min(every), max(every)), dots))


def compose_reliability(bins: Sequence[Mapping[str, float]]) -> Scene:
    """Return the share that was right against the probability that was said, by bin, and what is honest."""
    dots = [
        Dot(f"{int(own['drafts']):,} drafts: right", own["said"], own["right"], False, False, "c0")
        for own in bins
    ]
    line = Line("as found", "c0", [(dot.cost, dot.quality) for dot in dots])
    return Scene([line, Line("honest", "base", [(0, 0), (1, 1)])], dots, False, (0.0, 1.0), (0.0, 1.0))


def _drawn(found: Mapping[str, Any]) -> list[str]:
    """Return what has a colour: the best policies, and always the router that verifies nothing."""
    return [*found["ranking"][: DRAWN - 1], "router"]


def _dot(name: str, chosen: Mapping[str, Any], shade: str, *, named: bool) -> Dot:
    ends = chosen["intervals"]["quality"]
    return Dot(name, chosen["cost"], chosen["quality"], True, named, shade, tuple(ends) if ends else None)


def _reach(qualities: tuple[float, float], dots: Sequence[Dot]) -> tuple[float, float]:
    ends = [q for dot in dots for q in (dot.ends or (dot.quality,))]
    low, high = min(qualities[0], *ends), max(qualities[1], *ends)
    margin = 0.04 * (high - low) or 0.05
    return max(0.0, low - margin), min(1.0, high + margin)
