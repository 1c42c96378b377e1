"""A random draw: the baseline that any learnt router must beat."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate


@PREDICTORS.register("random")
class Random(Predictor):
    """Draws the quality of every option evenly between 0 and 1.

    The draw depends only on the seed and the query's features, so that it can be repeated. The random
    baseline of RouterBench, Hu et al. 2024 (arXiv 2403.12031).
    """

    how = "heuristic"
    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031"
    grows = True
    positional = True
    fitted = ("width",)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.width = np.array(quality.shape[1])

    def _predict(self, X: Floats) -> Estimate:
        seeds = [(self.seed, zlib.crc32(row.tobytes())) for row in X]
        return Estimate(np.stack([np.random.default_rng(seed).random(int(self.width)) for seed in seeds]))

    def _grow(self, quality: Floats) -> None:  # noqa: ARG002
        self.width = np.add(self.width, 1)

    def _shrink(self, column: int) -> None:  # noqa: ARG002
        self.width = np.subtract(self.width, 1)
