"""Always the same option."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate


@PREDICTORS.register("fixed")
class Fixed(Predictor):
    """Predicts quality 1 for one option and 0 for all others, for every query.

    The practice of most systems, and the horizontal line in every plot since FrugalGPT, Chen et al. 2023
    (arXiv 2305.05176).

    Args:
        option: The option's position; -1 is the last, the strongest.
        seed: Not used.
    """

    how = "heuristic"
    uses = ()
    paper = "Chen et al. 2023, FrugalGPT, arXiv 2305.05176"
    positional = True
    fitted = ("mean",)

    def __init__(self, *, option: int = -1, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.option = option

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        if not -self.options <= self.option < self.options:
            raise InputError(f"option: expected -{self.options} to {self.options - 1}, got {self.option}")
        column = self._columns[self.option]
        if column < 0:
            raise InputError(f"option: option {self.option} was never observed")
        self.mean = np.eye(quality.shape[1])[column]

    def _predict(self, X: Floats) -> Estimate:
        return Estimate(np.tile(self.mean, (len(X), 1)))
