"""Maps an option's outcomes on some queries to the training queries of a predictor."""

import numpy as np

from dynamicrag.predictors.checks import Floats

SAME = 1e-3
"""Distance below which queries are the same: the last digits of an embedding depend on the machine."""


def at_same(known: Floats, points: Floats, quality: Floats) -> Floats:
    """Return the mean quality of the queries equal to each known one; NaN where there is none.

    Args:
        known: Coordinates of the known queries, (m, d).
        points: Coordinates of the queries, (n, d).
        quality: The option's quality on them, (n,).

    Returns:
        One number per known query, (m,).
    """
    from scipy.spatial import KDTree

    near = KDTree(points).query_ball_point(known, SAME)
    return np.array([quality[rows].mean() if rows else np.nan for rows in near])
