"""The options of a predictor as columns of its fitted arrays, and the checks of its input."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors import checks
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.persistent import Persistent
from dynamicrag.registry import Registry


class Columns(Persistent):
    """A class that estimates options, each with a column among its algorithm's estimates.

    Attributes:
        family: The registry of all predictors.
        features: Number of features, d; 0 before training.
        blocks: Number of features of each non-empty family.
    """

    family: ClassVar[Registry[Any]]

    def __init__(self) -> None:
        self.features = 0
        self.blocks: list[int] = []
        # column of each option among the algorithm's estimates; -1: unobserved
        self._columns: NDArray[np.intp] = np.empty(0, dtype=np.intp)

    @property
    def options(self) -> int:
        """Number of options; 0 before training."""
        return len(self._columns)

    def _check_trained(self) -> None:
        if not self.options:
            raise PolicyError(f"{self.registered!r} is not trained yet; fit it, or load a trained one")

    def _check_option(self, option: int) -> None:
        if not 0 <= option < self.options:
            raise InputError(f"option: expected 0 to {self.options - 1}, got {option}")

    def _queries(self, X: ArrayLike) -> Floats:
        self._check_trained()
        table = checks.features(X)
        if table.shape[1] != self.features:
            raise InputError(
                f"X: {self.registered!r} was trained on {self.features} features a query, got "
                f"{table.shape[1]}; use the features it was trained with"
            )
        return table

    def _those(self, flag: str) -> str:
        """Return the names of the predictors with a capability."""
        return ", ".join(name for name in self.family if getattr(self.family[name], flag))
