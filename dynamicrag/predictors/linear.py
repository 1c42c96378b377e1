"""A straight line per option."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.ridge import Ridge, fit_apart
from dynamicrag.predictors.scaling import Scaling


@PREDICTORS.register("linear")
class Linear(Predictor):
    """Predicts each option's quality by ridge regression, its penalty chosen by leave-one-out error.

    Regression of quality on the query's embedding, as in the predictive routers of RouterBench, Hu et al.
    2024 (arXiv 2403.12031), and the plain baseline behind "light routers do as well as heavy ones". The
    common difficulty of a query and the differences between options are fitted separately, each with its own
    penalty: the first is easier to learn but decides nothing, and its penalty is too weak for the second.
    """

    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031; Golub, Heath and Wahba 1979"
    parts = (("scaling", Scaling), ("ridge", Ridge))

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.scaling = Scaling.of(X)
        self.ridge = fit_apart(self.scaling(X), quality)

    def _predict(self, X: Floats) -> Estimate:
        Z = self.scaling(X)
        return Estimate(self.ridge.mean(Z), np.sqrt(self.ridge.variance(Z)))
