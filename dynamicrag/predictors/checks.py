"""Checks of every predictor's input."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import InputError

Floats = NDArray[np.float64]


def features(X: ArrayLike) -> Floats:
    """Return ``X`` as finite numbers, (n, d)."""
    table = np.asarray(X, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise InputError(f"X: expected a table of queries by features, got the shape {table.shape}")
    if not np.isfinite(table).all():
        raise InputError("X: features must be finite numbers; some are NaN or infinite")
    return table


def outcomes(quality: ArrayLike, rows: int) -> Floats:
    """Return ``quality`` as numbers or NaN, (rows, k)."""
    table = np.asarray(quality, dtype=np.float64)
    if table.ndim != 2 or not table.size or len(table) != rows:
        raise InputError(
            f"quality: expected a table of {rows} queries by options, got the shape {table.shape}"
        )
    if np.isinf(table).any():
        raise InputError("quality: infinite outcomes; write NaN for what was not observed")
    return table


def blocks(sizes: Sequence[int] | None, features: int) -> list[int]:
    """Return the sizes of the families of features that are not empty."""
    if sizes is None:
        return [features]
    if min(sizes, default=0) < 0 or sum(sizes) != features:
        raise InputError(f"blocks: expected sizes that sum to {features} features, got {list(sizes)}")
    return [int(size) for size in sizes if size]


def groups(labels: ArrayLike | None, rows: int) -> NDArray[Any] | None:
    """Return a label per row, (rows,), if there are any."""
    found = None if labels is None else np.asarray(labels)
    if found is not None and found.shape != (rows,):
        raise InputError(f"groups: expected {rows} labels, one per row of X, got {found.shape}")
    return found


def check_cost(cost: ArrayLike, shape: tuple[int, ...]) -> None:
    """Refuse costs that are not one vector per outcome, (n, k, c)."""
    table = np.asarray(cost, dtype=np.float64)
    if table.ndim != 3 or table.shape[:2] != shape:
        raise InputError(
            f"cost: expected a table of {shape[0]} queries by {shape[1]} options by dimensions, "
            f"got the shape {table.shape}"
        )
    if np.isinf(table).any():
        raise InputError("cost: infinite costs; write NaN for what was not observed")
