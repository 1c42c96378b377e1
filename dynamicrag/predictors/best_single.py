"""The option that was best on average."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN, Estimate


@PREDICTORS.register("best_single")
class BestSingle(Predictor):
    """Predicts each option's mean quality for every query; at λ = 0 it picks the best single option.

    The baseline that a useful router must beat: RouterBench, Hu et al. 2024 (arXiv 2403.12031).
    """

    when = ("pre-generation", "online")
    how = "heuristic"
    uses = ("feedback",)
    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031"
    online = True
    weighs = True
    grows = True
    per_option = (("count", 0), ("total", 0), ("squares", 0))
    fitted = ("count", "total", "squares", "rows")

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.rows = np.array(len(quality))
        self.count = (~np.isnan(quality)).sum(axis=0).astype(float)
        self.total = np.nansum(quality, axis=0)
        self.squares = np.nansum(quality**2, axis=0)

    def _predict(self, X: Floats) -> Estimate:
        known = np.where(self.count > 0, self.count, 1.0)
        mean = np.where(self.count > 0, self.total / known, self.total.sum() / self.count.sum())
        # one extra, unknown observation keeps few observations from looking certain
        variance = (self.squares - self.count * mean**2 + UNKNOWN**2) / (self.count + 1)
        spread = np.sqrt(np.maximum(variance, 0.0) / known)
        return Estimate(np.tile(mean, (len(X), 1)), np.tile(spread, (len(X), 1)))

    def _learn(self, x: Floats, column: int, reward: float, weight: float) -> None:  # noqa: ARG002
        self.count[column] += weight
        self.total[column] += weight * reward
        self.squares[column] += weight * reward**2

    def _grow(self, quality: Floats) -> None:
        # the mean counts as many outcomes as there were training queries
        mean = np.nan_to_num(quality)
        count = self.rows * ~np.isnan(quality)
        self.count = np.append(self.count, count)
        self.total = np.append(self.total, count * mean)
        self.squares = np.append(self.squares, count * mean**2)
