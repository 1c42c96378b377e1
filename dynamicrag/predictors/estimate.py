"""What predictors say: the quality of every option, and which training queries are like a query."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats

Neighbours = tuple[NDArray[np.intp], Floats]
"""Positions of training queries, and their squared distances, (n, m) each."""

UNKNOWN = 0.5
"""Spread of what is not known at all: the most by which a quality between 0 and 1 can deviate."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Predicted quality.

    Attributes:
        mean: Expected quality, (n, k).
        spread: How far the expected quality may be off, as a standard deviation, (n, k); ``None`` where
            the predictor does not know.
    """

    mean: Floats
    spread: Floats | None = None
