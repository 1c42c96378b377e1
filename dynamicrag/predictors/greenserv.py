"""LinUCB on the task, the cluster and the reading ease of a query."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.linucb import LinUCB
from dynamicrag.predictors.moving import MovingClusters


@PREDICTORS.register("greenserv")
class GreenServ(LinUCB):
    """LinUCB on ``x = [1, task, cluster, reading difficulty]``, the last three as one-hot codes.

    Ziller et al. 2026 (arXiv 2601.17551). The authors' code was read; reading difficulty is 100 − Flesch
    reading ease, within 0 and 100. They put all queries in the first cluster until every centre is there, and
    move a centre at each question; here a query belongs to the nearest centre so far, and centres move with
    each reward. So the order of the rewards matters. Their reward mixes accuracy and energy; with
    ``reward: scalar`` a router here learns quality less weighted cost.

    The caller's features hold the task and the reading ease at the positions named here. All other features,
    for example an embedding, are clustered by their direction.

    Args:
        alpha: α: the spreads added to the estimate.
        ridge: λ: weight of the prior, in observations.
        clusters: Number of clusters.
        tasks: Positions of the features that score each task; the largest is the query's task.
        flesch: Position of the feature with the Flesch reading ease; ``None`` if there is none.
        bins: Upper ends of all bins of difficulty but the last, rising.
        seed: Not used.
    """

    positions = ("tasks", "flesch")
    paper = "Ziller et al. 2026, GreenServ, arXiv 2601.17551"
    parts = (*LinUCB.parts, ("moving", MovingClusters))

    def __init__(
        self,
        *,
        alpha: float = 0.1,
        ridge: float = 0.05,
        clusters: int = 9,
        tasks: tuple[int, ...] | list[int] = (),
        flesch: int | None = None,
        bins: tuple[float, ...] | list[float] = (20.0, 30.0),
        seed: int = 0,
    ) -> None:
        super().__init__(alpha=alpha, ridge=ridge, seed=seed)
        if clusters < 1:
            raise ValueError(f"clusters: expected 1 or more, got {clusters}")
        if list(bins) != sorted(set(bins)):
            raise ValueError(f"bins: expected rising numbers, got {list(bins)}")
        self.clusters = clusters
        self.tasks = list(tasks)
        self.flesch = flesch
        self.bins = list(bins)
        named = self._named
        if len(set(named)) < len(named) or min(named, default=0) < 0:
            raise ValueError(f"tasks, flesch: expected different positions of 0 or more, got {named}")

    @property
    def _named(self) -> list[int]:
        """Positions of the features with a role of their own."""
        return self.tasks if self.flesch is None else [*self.tasks, self.flesch]

    def _start(self, features: int, options: int) -> None:
        self._check_named(features)
        self.moving = MovingClusters.empty(self.clusters, features - len(self._named))
        super()._start(features, options)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self._start(X.shape[1], quality.shape[1])
        for point in self._points(X):
            self.moving.join(point)
            self.moving.move(point, 1.0)
        self._fit_rows(self._rows(X), quality)

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:
        point = self._points(x)[0]
        self.moving.join(point)
        super()._learn(x, column, reward, weight)
        self.moving.move(point, weight)

    def _points(self, X: Floats) -> Floats:
        """Return the features to cluster, (n, m)."""
        return np.delete(X, self._named, axis=1)

    def _rows(self, X: Floats) -> Floats:
        codes = [np.ones((len(X), 1)), self.moving.codes(self._points(X))]
        if self.tasks:
            codes.append(np.eye(len(self.tasks))[X[:, self.tasks].argmax(axis=1)])
        if self.flesch is not None:
            difficulty = np.clip(100.0 - X[:, self.flesch], 0.0, 100.0)
            codes.append(np.eye(len(self.bins) + 1)[np.searchsorted(self.bins, difficulty, side="right")])
        return np.concatenate(codes, axis=1)

    def _check_named(self, features: int) -> None:
        for position in self._named:
            if position >= features:
                raise InputError(
                    f"tasks, flesch: there is no feature {position}; there are {features}, counted from 0"
                )
