"""Standardises features by the training queries."""

from dataclasses import dataclass

import numpy as np

from dynamicrag.predictors.checks import Floats

FAR = 6.0
"""Standard deviations at which features are clipped, against extrapolation."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Standardises features; constant ones become 0.

    Attributes:
        centre: Mean per feature, (d,).
        scale: Standard deviation per feature, (d,); 1 if constant.
    """

    centre: Floats
    scale: Floats

    @classmethod
    def of(cls, X: Floats) -> "Scaling":
        """Return the scaling of the training queries, (n, d)."""
        centre, scale = X.mean(axis=0), X.std(axis=0)
        # differences by rounding count as constant
        flat = scale <= 1e-12 * np.maximum(np.abs(centre), 1.0)
        return cls(centre, np.where(flat, 1.0, scale))

    def __call__(self, X: Floats) -> Floats:
        """Return the features, (n, d), in standard deviations from the mean."""
        return np.minimum(np.maximum((X - self.centre) / self.scale, -FAR), FAR)
