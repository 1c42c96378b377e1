"""Clusters whose centres move with every query."""

from dataclasses import dataclass

import numpy as np

from dynamicrag.predictors.checks import Floats

SAME = 1e-6
"""Distance below which two queries are the same, and start no two clusters."""


@dataclass(slots=True)
class MovingClusters:
    """Clusters by direction, as in GreenServ, Ziller et al. 2026 (arXiv 2601.17551).

    The first distinct queries become the centres. A query belongs to the centre with the most similar
    direction, which then moves towards it, ``μ += w · (e − μ) / (N + w)``.

    Attributes:
        centres: (m, d); those without a query are 0.
        sizes: Weight of the queries of each, (m,).
        first: The query that started each, (m, d).
        used: Number of centres in use, ().
    """

    centres: Floats
    sizes: Floats
    first: Floats
    used: Floats

    @classmethod
    def empty(cls, clusters: int, features: int) -> "MovingClusters":
        """Return clusters without queries."""
        nothing = np.zeros((clusters, features))
        return cls(nothing, np.zeros(clusters), nothing.copy(), np.array(0.0))

    def codes(self, points: Floats) -> Floats:
        """Return the cluster of every point, (n, d), as a one-hot code, (n, m); 0 without any centre."""
        used = int(self.used)
        if not used:
            return np.zeros((len(points), len(self.sizes)))
        centres = self.centres[:used]
        lengths = np.linalg.norm(centres, axis=1)
        # the point's own length does not change the order
        nearest = (points @ centres.T / np.where(lengths > 0, lengths, 1.0)).argmax(axis=1)
        return np.asarray(np.eye(len(self.sizes))[nearest])

    def join(self, point: Floats) -> None:
        """Start a cluster at a new point, (d,), as long as there is room."""
        used = int(self.used)
        if used == len(self.sizes) or (np.abs(self.first[:used] - point) < SAME).all(axis=1).any():
            return
        self.centres[used] = self.first[used] = point
        self.used = np.array(used + 1.0)

    def move(self, point: Floats, weight: float) -> None:
        """Move the centre of a point's cluster towards it."""
        index = int(self.codes(point[None])[0].argmax())
        self.sizes[index] += weight
        self.centres[index] += weight * (point - self.centres[index]) / self.sizes[index]
