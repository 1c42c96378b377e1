"""Draws from a distribution over options: mix it with the uniform one, then draw.

Every router with a random element uses these two functions, so that the probability in a decision's record is
the one of the draw.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.predictors.checks import Floats

__all__ = ["NO_GENERATOR", "draw", "mixed"]

NO_GENERATOR = "exploring needs a generator to draw from: rng=numpy.random.default_rng(seed)"


def mixed(chances: ArrayLike, allowed: ArrayLike, epsilon: float = 0.0) -> Floats:
    """Return ``(1 - ε) · chances + ε · uniform`` over the open options.

    Args:
        chances: Weights of the options, (k,) or (n, k), not negative. Those of closed options are dropped,
            and the rest are scaled to a sum of 1; without any, all open options are equally probable.
        allowed: Whether each option is open, of the same shape; at least one is.
        epsilon: ε: share of the uniform distribution.
    """
    open_ = np.asarray(allowed, dtype=bool)
    evenly = open_ / open_.sum(axis=-1, keepdims=True)
    own = np.where(open_, np.asarray(chances, dtype=np.float64), 0.0)
    total = own.sum(axis=-1, keepdims=True)
    own = np.where(total > 0, own / np.where(total > 0, total, 1.0), evenly)
    return np.asarray((1 - epsilon) * own + epsilon * evenly)


def draw(chances: Floats, rng: np.random.Generator | None) -> NDArray[np.intp]:
    """Return options drawn by their probabilities, (k,) or (n, k).

    Raises:
        ValueError: The random generator is missing.
    """
    if rng is None:
        raise ValueError(NO_GENERATOR)
    ends = np.cumsum(chances, axis=-1)
    total = ends[..., -1:]
    # rounding must not put the point at the very end, beyond every option
    point = np.minimum(rng.random(total.shape) * total, np.nextafter(total, 0.0))
    return np.asarray((ends > point).argmax(axis=-1))
