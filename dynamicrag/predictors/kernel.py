"""Kernel regression with a weight per family of features."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.ridge import Ridge, fit_apart
from dynamicrag.predictors.scaling import Scaling
from dynamicrag.predictors.weighing import weigh

TINY = 1e-6
"""Share of a kernel's trace below which a direction is only rounding."""


@PREDICTORS.register("kernel")
class Kernel(Predictor):
    """Predicts each option's quality by kernel regression, with a weight per family of features.

    A Gaussian process, Rasmussen and Williams 2006: the similarity of two queries is a weighted sum over the
    families, of a linear kernel and a radial kernel. The weights maximise the marginal likelihood of the
    *differences* between options, on a sample of the queries; an uninformative family gets almost no weight,
    whereas with a common penalty 384 numbers of an embedding would drown 40 of the text's shape. Given the
    weights, the regression is Nyström's approximation (Williams and Seeger 2001), over ``landmarks`` training
    queries: a ridge regression with a penalty per option, so a decision costs only that many comparisons.

    Args:
        landmarks: Number of training queries to compare with.
        sample: Number of training queries for fitting the weights.
        seed: Seed of both samples.
    """

    paper = "Rasmussen and Williams 2006, Gaussian Processes for ML; Williams and Seeger 2001, Nyström"
    fitted = ("weights", "points", "whiten")
    parts = (("scaling", Scaling), ("ridge", Ridge))

    def __init__(self, *, landmarks: int = 400, sample: int = 500, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if min(landmarks, sample) < 1:
            raise ValueError("landmarks and sample: expected 1 or more")
        self.landmarks = landmarks
        self.sample = sample

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.scaling = Scaling.of(X)
        Z = self._scaled(X)
        order = np.random.default_rng(self.seed).permutation(len(Z))
        level = np.nanmean(quality, axis=0)
        filled = np.where(np.isnan(quality), level, quality)
        differences = filled - filled.mean(axis=1, keepdims=True)
        some = order[: self.sample]
        self.weights = weigh(self._kernels(Z[some], Z[some]), differences[some])
        self.points = Z[order[: self.landmarks]]
        values, vectors = np.linalg.eigh(self._alike(self.points))
        kept = values > TINY * max(values.sum(), TINY)
        self.whiten = vectors[:, kept] / np.sqrt(values[kept])
        if not kept.any():  # all queries are the same
            self.whiten = np.zeros((len(self.points), 1))
        places = self._alike(Z) @ self.whiten
        self.ridge = fit_apart(places, quality)

    def _predict(self, X: Floats) -> Estimate:
        places = self._alike(self._scaled(X)) @ self.whiten
        return Estimate(self.ridge.mean(places), np.sqrt(self.ridge.variance(places)))

    def _scaled(self, X: Floats) -> Floats:
        """Return standardised features, every family of length 1 on average."""
        return np.asarray(self.scaling(X) / np.sqrt(np.repeat(self.blocks, self.blocks)))

    def _alike(self, Z: Floats) -> Floats:
        """Return the weighted similarities to the landmarks, (n, p)."""
        return np.asarray(np.tensordot(self.weights, self._kernels(Z, self.points), axes=1))

    def _kernels(self, Z: Floats, points: Floats) -> Floats:
        """Return a linear and a radial kernel per family, (2 b, n, p)."""
        kernels = []
        start = 0
        for size in self.blocks:
            here, there = Z[:, start : start + size], points[:, start : start + size]
            line = here @ there.T
            far = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1) - 2.0 * line
            kernels += [line, np.exp(-0.5 * far)]
            start += size
        return np.stack(kernels)
