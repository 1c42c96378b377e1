"""Mean qualities per cluster of queries."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN, Estimate
from dynamicrag.predictors.scaling import Scaling


@PREDICTORS.register("kmeans")
class KMeans(Predictor):
    """Predicts each option's mean quality within the query's cluster.

    UniRoute, Jitkrittum et al. 2025 (arXiv 2502.08773): an option is the vector of its mean qualities per
    cluster, so a new one needs only those K numbers. Likewise Avengers-Pro, Zhang et al. 2025 (arXiv
    2508.12631), and Expert Router, Pichlmeier et al. 2024. A cluster's mean is shrunk towards the option's
    overall mean, as if observed ``prior`` more times: on few queries the clusters of Srivatsa et al. 2024 did
    not generalise.

    Args:
        clusters: Number of clusters, K; fewer if there are fewer distinct queries.
        prior: Weight of the option's overall mean, in observations.
        seed: Seed of the first centres.
    """

    when = ("pre-generation", "online")
    uses = ("query", "feedback")
    paper = "Jitkrittum et al. 2025, UniRoute, arXiv 2502.08773; Zhang et al. 2025, arXiv 2508.12631"
    online = True
    weighs = True
    grows = True
    per_option = (("count", 1), ("total", 1), ("squares", 1))
    fitted = ("centres", "sizes", "count", "total", "squares")
    parts = (("scaling", Scaling),)

    def __init__(self, *, clusters: int = 32, prior: float = 4.0, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if clusters < 1:
            raise ValueError(f"clusters: expected 1 or more, got {clusters}")
        if prior <= 0:
            raise ValueError(f"prior: expected a number above 0, got {prior}")
        self.clusters = clusters
        self.prior = prior

    @property
    def anchors(self) -> int:
        """One per cluster: the option's mean quality there."""
        return len(self.centres)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        from sklearn.cluster import KMeans as Clustering

        self.scaling = Scaling.of(X)
        Z = self.scaling(X)
        clusters = min(self.clusters, len(np.unique(Z, axis=0)))
        fitted = Clustering(clusters, n_init=1, random_state=self.seed).fit(Z)
        self.centres = np.asarray(fitted.cluster_centers_, dtype=np.float64)
        member = np.eye(clusters)[self._cluster(Z)]
        self.sizes = member.sum(axis=0)
        known = ~np.isnan(quality)
        outcomes = np.where(known, quality, 0.0)
        self.count = member.T @ known
        self.total = member.T @ outcomes
        self.squares = member.T @ outcomes**2

    def _cluster(self, Z: Floats) -> NDArray[np.intp]:
        lengths = (self.centres**2).sum(axis=1)
        return np.asarray((lengths - 2.0 * Z @ self.centres.T).argmin(axis=1))

    def _predict(self, X: Floats) -> Estimate:
        here = self._cluster(self.scaling(X))
        seen = self.count.sum(axis=0)
        level = self.total.sum(axis=0) / np.maximum(seen, 1.0)
        level = np.where(seen > 0, level, level[seen > 0].mean())
        count = self.count[here] + self.prior
        mean = (self.total[here] + self.prior * level) / count
        variance = self.squares[here] - 2 * mean * self.total[here] + self.count[here] * mean**2
        return Estimate(mean, np.sqrt((np.maximum(variance, 0.0) + self.prior * UNKNOWN**2) / count**2))

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:
        here = self._cluster(self.scaling(x))[0]
        self.count[here, column] += weight
        self.total[here, column] += weight * reward
        self.squares[here, column] += weight * reward**2

    def _at_anchors(self, X: Floats, quality: Floats) -> Floats:
        here = self._cluster(self.scaling(X))
        count = np.bincount(here, minlength=self.anchors)
        total = np.bincount(here, weights=quality, minlength=self.anchors)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def _grow(self, quality: Floats) -> None:
        known = ~np.isnan(quality)
        # each mean counts as many outcomes as there were training queries in its cluster
        count = self.sizes * known
        means = np.where(known, quality, 0.0)
        self.count = np.column_stack([self.count, count])
        self.total = np.column_stack([self.total, count * means])
        self.squares = np.column_stack([self.squares, count * means**2])
