"""Always the cheapest option."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate


@PREDICTORS.register("cheapest")
class Cheapest(Predictor):
    """Predicts the same quality for every option, so that only the price decides.

    The lower end of every cost curve, as in RouterBench, Hu et al. 2024 (arXiv 2403.12031).
    """

    how = "heuristic"
    uses = ("model metadata",)
    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031"
    grows = True
    per_option = (("mean", 0),)
    fitted = ("mean",)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.mean = np.full(quality.shape[1], np.nanmean(quality))

    def _predict(self, X: Floats) -> Estimate:
        return Estimate(np.tile(self.mean, (len(X), 1)))

    def _grow(self, quality: Floats) -> None:  # noqa: ARG002
        self.mean = np.append(self.mean, self.mean[0])
