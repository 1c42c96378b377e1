"""The plain average of several predictors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.mixture import Mixture, Specs


@PREDICTORS.register("blend")
class Blend(Mixture):
    """Predicts the average of predictors that err in different ways.

    A line, neighbours and trees use the same features differently. If outcomes are few and noisy, estimating
    their weights costs more than it gains: the plain average is hard to beat (Bates and Granger 1969; Clemen
    1989, "Combining forecasts").

    Args:
        of: Specs of the predictors to average.
        seed: Seed of predictors without their own seed.
    """

    paper = "Bates and Granger 1969, The combination of forecasts; Clemen 1989, Combining forecasts"

    def __init__(self, *, of: Specs = ("linear", "knn", "forest"), seed: int = 0) -> None:
        super().__init__(of, seed=seed)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:
        self._train(np.full(len(self.of), 1.0 / len(self.of)), X, quality, groups)
