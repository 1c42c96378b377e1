"""What a quality-cost plot shows, whoever draws it: the best routers, and what they have to beat."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamicrag.lab.routing.curve import Curve

DRAWN = 6
"""Most routers that are drawn: there are as many colours."""
WIDE = 30
"""Cheapest to dearest from which costs are drawn as logarithms, where there are more than two options."""

BESIDE, LEVEL = 0.4, 0.08
"""Shares of a plot's width and height within which two names would cover each other."""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve.

    Attributes:
        name: Whose it is.
        shade: The class of its colour.
        points: Costs and qualities, rising.
    """

    name: str
    shade: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Dot:
    """An option by itself, for every query.

    Attributes:
        name: The option.
        cost: Its mean cost.
        quality: Its mean quality.
        best: Whether it is the best one.
        named: Whether its name is written beside it: where none is both better and cheaper.
        shade: The class of its colour, where it is a point of a line.
        ends: How far its quality reaches.
    """

    name: str
    cost: float
    quality: float
    best: bool
    named: bool
    shade: str = ""
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is drawn.

    Attributes:
        lines: Routers, best first, then the draw and the oracle.
        dots: The options.
        logarithmic: Whether costs are drawn as logarithms.
        costs: The first and the last cost.
        qualities: The lowest and the highest quality.
    """

    lines: Sequence[Line]
    dots: Sequence[Dot]
    logarithmic: bool
    costs: tuple[float, float]
    qualities: tuple[float, float]

    def across(self, cost: float) -> float:
        """Return where a cost is drawn, from 0 to 1."""
        low, high = self.costs
        if self.logarithmic:
            cost, low, high = np.log(max(cost, low)), np.log(low), np.log(high)
        return float((cost - low) / ((high - low) or 1.0))

    @property
    def raised(self) -> set[str]:
        """Names that stand above their dots: every second one of those that would cover each other."""
        low, high = self.qualities
        found: set[str] = set()
        last: Dot | None = None
        for dot in sorted((dot for dot in self.dots if dot.named), key=lambda dot: dot.cost):
            if last is not None and last.name not in found:
                beside = self.across(dot.cost) - self.across(last.cost) < BESIDE
                if beside and abs(dot.quality - last.quality) < LEVEL * (high - low):
                    found.add(dot.name)
            last = dot
        return found


def compose(found: Mapping[str, Any]) -> Scene | None:
    """Return the plot of an evaluation; ``None`` where no cost is known."""
    if not found["data"]["cost"]:
        return None
    drawn = [(name, f"c{n}", found["routers"][name]) for n, name in enumerate(found["ranking"][:DRAWN])]
    drawn += [("random", "rest", found["baselines"]["random"])]
    drawn += [("oracle", "base", found["baselines"]["oracle_cheapest"])]
    lines = [Line(name, shade, _points(own["curve"])) for name, shade, own in drawn]
    best = max(found["data"]["options"], key=lambda name: found["baselines"][f"fixed:{name}"]["quality"])
    alone = {name: found["baselines"][f"fixed:{name}"] for name in found["data"]["options"]}
    dots = [
        Dot(name, own["cost"], own["quality"], name == best, named=not _beaten(own, alone.values()))
        for name, own in alone.items()
    ]
    every = [*((dot.cost, dot.quality) for dot in dots), *(point for line in lines for point in line.points)]
    costs, qualities = zip(*every, strict=True)
    low, high = min(costs), max(costs)
    logarithmic = len(dots) > 2 and low > 0 and high / low >= WIDE
    margin = 0.04 * (max(qualities) - min(qualities)) or 0.05
    return Scene(
        lines, dots, logarithmic, (low if logarithmic else min(low, 0.0), high),
        (max(0.0, min(qualities) - margin), min(1.0, max(qualities) + margin)),
    )  # fmt: skip


def _beaten(own: Mapping[str, float], others: Iterable[Mapping[str, float]]) -> bool:
    return any(o["cost"] <= own["cost"] and o["quality"] > own["quality"] for o in others)


def _points(curve: Sequence[Mapping[str, float]]) -> Sequence[tuple[float, float]]:
    best = Curve.of(np.array([p["cost"] for p in curve]), np.array([p["quality"] for p in curve]))
    return list(zip(best.cost.tolist(), best.quality.tolist(), strict=True))
