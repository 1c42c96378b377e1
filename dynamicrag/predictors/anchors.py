"""What an option gave on some queries, at the queries that a predictor was trained on."""

import numpy as np

from dynamicrag.predictors.checks import Floats

SAME = 1e-3
"""Queries nearer to each other are one: the last digits of an embedding depend on what it was made with."""


def at_same(known: Floats, points: Floats, quality: Floats) -> Floats:
    """Return the mean quality of the queries that are the same as each known one; NaN where none is.

    Args:
        known: Where the known queries stand, (m, d).
        points: Where the queries stand, (n, d).
        quality: What the option gave on them, (n,).

    Returns:
        One number per known query, (m,).
    """
    from scipy.spatial import KDTree

    near = KDTree(points).query_ball_point(known, SAME)
    return np.array([quality[rows].mean() if rows else np.nan for rows in near])
