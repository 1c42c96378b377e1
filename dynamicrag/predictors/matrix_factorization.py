"""Options and queries as points in one small space."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.anchors import at_same
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.ridge import Ridge, fit_ridge
from dynamicrag.predictors.scaling import Scaling

PER_OPTION = ("weights", "intercept", "alpha", "noise", "known", "precision")
"""Arrays of the regression whose last axis is over options."""


@PREDICTORS.register("matrix_factorization")
class MatrixFactorization(Predictor):
    """Predicts quality as the product of an option's embedding and a low-rank projection of the query.

    The bilinear score of RouteLLM, Ong et al. 2024 (arXiv 2406.18665), and EmbedLLM, Zhuang et al. 2024
    (arXiv 2410.02223). They train it by gradient descent; here it has a closed form, as reduced-rank
    regression (Izenman 1975): the ridge regressions of all options, reduced to the few directions of largest
    differences. A new option's embedding is then a ridge regression on the training queries' coordinates, so
    that nothing else is retrained. With at most ``rank`` options nothing is reduced.

    Args:
        rank: Number of coordinates.
        seed: Not used.
    """

    paper = "Ong et al. 2024, RouteLLM, arXiv 2406.18665; Zhuang et al. 2024, EmbedLLM, arXiv 2410.02223"
    grows = True
    fitted = ("projection", "places")
    parts = (("scaling", Scaling), ("ridge", Ridge))

    def __init__(self, *, rank: int = 3, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if rank < 1:
            raise ValueError(f"rank: expected 1 or more, got {rank}")
        self.rank = rank

    @property
    def anchors(self) -> int:
        """One per training query."""
        return len(self.places)

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.scaling = Scaling.of(X)
        Z = self.scaling(X)
        full = fit_ridge(Z, quality)
        _, strengths, options = np.linalg.svd(Z @ full.weights, full_matrices=False)
        # coordinates of unit variance; an empty direction stays at 0
        strengths = np.maximum(strengths[: self.rank] / np.sqrt(len(Z)), 1e-12)
        options = options[: self.rank]
        self.projection = full.weights @ options.T / strengths
        self.places = Z @ self.projection
        # the spread is that of an embedding in the small space; the embeddings keep the shrinkage of the full
        # regressions, because the coordinates were fitted on the same outcomes
        small = fit_ridge(self.places, quality)
        self.ridge = replace(small, weights=strengths[:, None] * options, intercept=full.intercept)

    def _predict(self, X: Floats) -> Estimate:
        places = self.scaling(X) @ self.projection
        return Estimate(self.ridge.mean(places), np.sqrt(self.ridge.variance(places)))

    def _at_anchors(self, X: Floats, quality: Floats) -> Floats:
        return at_same(self.places, self.scaling(X) @ self.projection, quality)

    def _grow(self, quality: Floats) -> None:
        new = fit_ridge(self.places, quality[:, None])
        old = self.ridge
        joined = {
            name: np.concatenate([getattr(old, name), getattr(new, name)], axis=-1) for name in PER_OPTION
        }
        self.ridge = replace(old, **joined)

    def _shrink(self, column: int) -> None:
        kept = {name: np.delete(getattr(self.ridge, name), column, axis=-1) for name in PER_OPTION}
        self.ridge = replace(self.ridge, **kept)
