"""Mean qualities over the most similar queries."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.anchors import at_same
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN, Estimate, Neighbours
from dynamicrag.predictors.scaling import Scaling

AT_ONCE = 256
"""Batch size of queries for distances."""
NOTHING = 1e-9
"""Weight of the option's mean: it counts only if no neighbour has an outcome of the option."""


@PREDICTORS.register("knn")
class Knn(Predictor):
    """Predicts each option's mean quality over the k nearest training queries.

    RouterBench's kNN router, Hu et al. 2024 (arXiv 2403.12031), and OrchestraLLM, Lee et al. 2024 (arXiv
    2311.09758). ``k=1`` copies the nearest query; ``weights="uniform"`` on outcomes of 0 and 1 is a majority
    vote; ``"similarity"`` gives nearer neighbours more weight, like RouteLLM's similarity-weighted ranking
    (Ong et al. 2024). The rule of Malekpour et al. 2024 (arXiv 2411.04319), the cheapest option that
    succeeded often enough among the neighbours, is a matter of selection: ``weights="uniform"`` here, and
    ``passing`` in the policy.

    Args:
        k: Number of neighbours.
        weights: ``similarity`` or ``uniform``.
        metric: ``euclidean`` compares standardised features; ``cosine`` compares directions, as usual for
            embeddings.
        seed: Not used.
    """

    when = ("pre-generation", "online")
    uses = ("query", "feedback")
    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031; Malekpour et al. 2024, arXiv 2411.04319"
    online = True
    grows = True
    per_option = (("quality", 1), ("level", 0), ("variance", 0))
    fitted = ("points", "lengths", "quality", "level", "variance")
    parts = (("scaling", Scaling),)

    def __init__(
        self,
        *,
        k: int = 50,
        weights: Literal["similarity", "uniform"] = "similarity",
        metric: Literal["euclidean", "cosine"] = "euclidean",
        seed: int = 0,
    ) -> None:
        super().__init__(seed=seed)
        if k < 1:
            raise ValueError(f"k: expected 1 or more, got {k}")
        self.k = k
        self.weights = weights
        self.metric = metric

    @property
    def anchors(self) -> int:
        """One per known query, including those learnt online."""
        return len(self.points)

    def neighbours(self, X: Floats) -> Neighbours:
        """See the base class; as many as ``k``, or all."""
        points = self._embed(X)
        # |a-b|² = |a|² - 2ab + |b|²; the query's own length does not change the order and is added at the end
        far = self.lengths - 2.0 * (points @ self.points.T)
        k = min(self.k, len(self.points))
        if k < len(self.points):
            nearest = np.argpartition(far, k - 1, axis=1)[:, :k]
        else:
            nearest = np.broadcast_to(np.arange(k), far.shape)
        chosen = np.take_along_axis(far, nearest, axis=1) + _lengths(points)[:, None]
        return nearest, np.maximum(chosen, 0.0).astype(np.float64)

    def _embed(self, X: Floats) -> NDArray[np.float32]:
        if self.metric == "euclidean":
            return self.scaling(X).astype(np.float32)
        lengths = np.linalg.norm(X, axis=1, keepdims=True)
        return (X / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.scaling = Scaling.of(X)
        self.points = self._embed(X)
        self.lengths = _lengths(self.points)
        self.quality = quality
        self._summarise()

    def _summarise(self) -> None:
        """Store the prediction of options for queries without a neighbour that has an outcome."""
        known = ~np.isnan(self.quality)
        count = np.maximum(known.sum(axis=0), 1)
        total = np.where(known, self.quality, 0.0)
        observed = known.any(axis=0)
        level = total.sum(axis=0) / count
        self.level = np.where(observed, level, level[observed].mean())
        squares = np.where(known, (self.quality - self.level) ** 2, 0.0).sum(axis=0)
        self.variance = (squares + UNKNOWN**2) / (count + 1)

    def _predict(self, X: Floats) -> Estimate:
        pieces = [self._estimate(X[start : start + AT_ONCE]) for start in range(0, len(X), AT_ONCE)]
        return Estimate(*(np.concatenate(piece) for piece in zip(*pieces, strict=True)))

    def _estimate(self, X: Floats) -> tuple[Floats, Floats]:
        nearest, distances = self.neighbours(X)
        outcomes = self.quality[nearest]
        known = ~np.isnan(outcomes)
        weights = known * self._say(distances)[:, :, None]
        outcomes = np.where(known, outcomes, 0.0)
        total = weights.sum(axis=1)
        mean = ((weights * outcomes).sum(axis=1) + NOTHING * self.level) / (total + NOTHING)
        squares = (weights * (outcomes - mean[:, None, :]) ** 2).sum(axis=1)
        # effective number of equally weighted neighbours
        voices = total**2 / ((weights**2).sum(axis=1) + NOTHING)
        within = squares / (total + NOTHING)
        # the option's overall variance counts as one more neighbour, so that a single one is not certain
        variance = (voices * within + self.variance) / (voices + 1.0)
        return mean, np.sqrt(variance / np.maximum(voices, 1.0))

    def _say(self, distances: Floats) -> Floats:
        if self.weights == "uniform":
            return np.ones_like(distances)
        usual = distances.mean(axis=1, keepdims=True)
        return np.exp(-distances / np.where(usual > 0, usual, 1.0))

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:  # noqa: ARG002
        row = np.full((1, self.quality.shape[1]), np.nan)
        row[0, column] = reward
        point = self._embed(x)
        self.points = np.concatenate([self.points, point])
        self.lengths = np.concatenate([self.lengths, _lengths(point)])
        self.quality = np.concatenate([self.quality, row])
        self._summarise()

    def _at_anchors(self, X: Floats, quality: Floats) -> Floats:
        return at_same(self.points.astype(np.float64), self._embed(X).astype(np.float64), quality)

    def _grow(self, quality: Floats) -> None:
        self.quality = np.column_stack([self.quality, quality])
        self._summarise()


def _lengths(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((points**2).sum(axis=1))
