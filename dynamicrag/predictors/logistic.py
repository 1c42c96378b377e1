"""A logistic curve per option, for quality that is right or wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.ridge import Ridge, fit_ridge
from dynamicrag.predictors.scaling import Scaling

STEPS = 25
LONGEST = 4.0
"""Largest change of a query's log-odds in one step: without it, Newton's method can diverge."""


@PREDICTORS.register("logistic")
class Logistic(Predictor):
    """Predicts the probability that each option succeeds, by logistic regression.

    A binary classifier per option, as in HybridLLM, Ding et al. 2024 (arXiv 2404.14618), and Srivatsa et al.
    2024, on features instead of a fine-tuned encoder. The penalty is chosen by leave-one-out error for ridge
    regression, and converted to the logistic scale by the variance of the outcomes, so that nothing is fitted
    twice. Quality between 0 and 1 counts as a share of successes.
    """

    paper = "Ding et al. 2024, HybridLLM, arXiv 2404.14618; Srivatsa et al. 2024, arXiv 2405.00467"
    parts = (("scaling", Scaling), ("ridge", Ridge))

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        if np.nanmin(quality) < 0 or np.nanmax(quality) > 1:
            raise InputError("quality: 'logistic' needs qualities between 0 and 1; use 'linear'")
        self.scaling = Scaling.of(X)
        Z = self.scaling(X)
        ridge = fit_ridge(Z, quality)
        weights, intercept = np.empty_like(ridge.weights), np.empty_like(ridge.intercept)
        for column in range(quality.shape[1]):
            seen = ~np.isnan(quality[:, column])
            fit = _newton(Z[seen], quality[seen, column], ridge.alpha[column])
            weights[:, column], intercept[column] = fit[:-1], fit[-1]
        self.ridge = replace(ridge, weights=weights, intercept=intercept)

    def _predict(self, X: Floats) -> Estimate:
        Z = self.scaling(X)
        chance = 1.0 / (1.0 + np.exp(-self.ridge.mean(Z)))
        # a step in log-odds changes the probability by p(1-p), and its noise is 1 / p(1-p): one p(1-p)
        # remains
        return Estimate(chance, np.sqrt(chance * (1.0 - chance) * self.ridge.leverage(Z)))


def _newton(Z: Floats, y: Floats, alpha: float) -> Floats:
    """Return weights and, last, intercept of the penalised logistic regression of ``y`` on ``Z``."""
    n = len(Z)
    # targets slightly inside 0 and 1 (Platt 1999), so that constant success has finite log-odds
    y = (y * n + 0.5) / (n + 1.0)
    level = y.mean()
    table = np.column_stack([Z, np.ones(n)])
    penalty = np.full(table.shape[1], alpha * level * (1.0 - level))
    penalty[-1] = 1e-9
    solution = np.zeros(table.shape[1])
    solution[-1] = np.log(level / (1.0 - level))
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-table @ solution))
        slope = table.T @ (y - chance) - penalty * solution
        curvature = (table.T * (chance * (1.0 - chance))) @ table
        curvature[np.diag_indices_from(curvature)] += penalty
        step = np.linalg.solve(curvature, slope)
        longest = np.abs(table @ step).max()
        solution += step * min(1.0, LONGEST / max(longest, 1e-12))
        if longest < 1e-2:  # the next step would be about its square
            break
    return solution
