"""Quality against cost: the quality for a price, and the price of a quality.

The points of a λ path are ordered by realised cost and joined by straight lines: a random choice between
two λ reaches every point between them. A point that costs more than another and is no better is left out.
No convex hull is laid over them: it would join distant points, the best of them picked by chance.
"""

from dataclasses import dataclass

import numpy as np

from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """The best points of a λ path.

    Attributes:
        cost: Rising, (m,).
        quality: Rising, (m,).
    """

    cost: Floats
    quality: Floats

    @classmethod
    def of(cls, cost: Floats, quality: Floats) -> "Curve":
        """Return the curve of a path's points, each (m,), in any order."""
        order = np.lexsort((-quality, cost))
        cost, quality = cost[order], quality[order]
        better = np.concatenate([[True], quality[1:] > np.maximum.accumulate(quality)[:-1]])
        return cls(cost[better], quality[better])

    def quality_at(self, cost: float) -> float:
        """Return the best quality at no more than this mean cost; NaN where nothing is as cheap."""
        if cost < self.cost[0] - 1e-12:
            return float("nan")
        return float(np.interp(cost, self.cost, self.quality))

    def cost_at(self, quality: float) -> float:
        """Return the least mean cost at which this quality is reached; NaN where it never is."""
        if quality > self.quality[-1] + 1e-12:
            return float("nan")
        return float(np.interp(quality, self.quality, self.cost))

    def saving(self, quality: float, cost: float) -> float:
        """Return the share of ``cost`` that the curve saves at ``quality``; NaN where it never reaches it."""
        return 1 - self.cost_at(quality) / cost if cost > 0 else float("nan")

    def area(self, low: float, high: float) -> float:
        """Return the mean quality over the costs from ``low`` to ``high``.

        Left of its first point the curve is taken to be level: a router whose cheapest choices cost a
        little more than the cheapest option's mean is not charged for the sliver.
        """
        if high <= low:
            return float(np.interp(low, self.cost, self.quality))
        inside = self.cost[(self.cost > low) & (self.cost < high)]
        at = np.concatenate([[low], inside, [high]])
        return float(np.trapezoid(np.interp(at, self.cost, self.quality), at) / (high - low))
