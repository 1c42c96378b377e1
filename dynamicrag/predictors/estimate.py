"""The output of predictors: the quality of every option, and the neighbours of a query."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats

Neighbours = tuple[NDArray[np.intp], Floats]
"""Positions of training queries, and their squared distances, (n, m) each."""

UNKNOWN = 0.5
"""Spread of a completely unknown quality: the largest standard deviation between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Predicted quality.

    Attributes:
        mean: Expected quality, (n, k).
        spread: Standard deviation of the expected quality, (n, k); ``None`` if unknown.
    """

    mean: Floats
    spread: Floats | None = None
