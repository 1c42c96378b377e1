"""Several predictors in one, by what each is worth."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import contrasts, out_of_fold
from dynamicrag.predictors.mixture import Mixture, Specs


@PREDICTORS.register("stack")
class Stack(Mixture):
    """Predicts a convex mix of other predictors, its weights those that do best on left-out queries.

    Stacked regressions (Breiman 1996); the Super Learner, van der Laan et al. 2007. The weights, none
    negative and 1 in sum, minimise the squared error of the *differences* between options, for these
    alone decide. What gets no weight is dropped.

    Args:
        of: Specs of the predictors to mix.
        folds: Number of folds.
        seed: Seed of the folds, and of the predictors that have none of their own.
    """

    paper = "Breiman 1996, Stacked regressions; van der Laan et al. 2007, Super Learner"

    def __init__(
        self,
        *,
        of: Specs = ("best_single", "linear", "kernel", "knn", "forest"),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        super().__init__(of, seed=seed)
        if folds < 2:
            raise ValueError(f"folds: expected 2 or more, got {folds}")
        self.folds = folds

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:
        means = out_of_fold(
            self.of, X, quality, groups, self.blocks, count=self.folds, seed=self.seed, where="stack.of"
        )
        self._train(_mix(contrasts(means, quality)), X, quality, groups)


def _mix(errors: Floats) -> Floats:
    """Return the convex weights, (p,), whose mix of the errors, (p, n, k), has the least square.

    Without a constraint on their sum, the weights w ≥ 0 that minimise |E w|² + (Σw − 1)² are the convex
    ones times a number, for the first term only wants their proportions; so they need only be divided.
    """
    from scipy.optimize import nnls

    table = errors.reshape(len(errors), -1)
    table = table[:, ~np.isnan(table[0])].T
    if not table.any():  # nothing to tell them apart by
        return np.asarray(np.eye(1, len(errors))[0])
    triangle = np.linalg.qr(table).R
    # in units of the errors, so that rounding does not decide between the two terms
    weight = np.sqrt((triangle**2).sum() / len(errors))
    solution, _ = nnls(
        np.vstack([triangle, np.full(len(errors), weight)]), np.append(np.zeros(len(triangle)), weight)
    )
    return np.asarray(solution / solution.sum(), dtype=np.float64)
