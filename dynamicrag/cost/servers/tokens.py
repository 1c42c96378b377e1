"""CPU-seconds per token of a model on a server, from the calls that had it to themselves.

``seconds ≈ input * computed prompt tokens + output * generated tokens + call``. Other clients, unknown to us,
only ever add to the server's CPU time. So the fit is a quantile regression, by iteratively reweighted
non-negative least squares of the relative errors: the median of calls without other clients in sight, and a
low quantile otherwise.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "fitted", "predicted"]

LEAST = 8
"""Number of calls that a fit takes."""
ROUNDS = 15
MEDIAN, LOW = 0.5, 0.25

Array = NDArray[np.float64]


def fitted(rows: Sequence[tuple[float, float, float, bool]]) -> Array | None:
    """Return the CPU-seconds per prompt token, per output token and per call; ``None`` without enough calls.

    Args:
        rows: Per call the computed prompt tokens, the output tokens, the server's CPU-seconds, and whether no
            other client was in sight.
    """
    sole = [row for row in rows if row[3]]
    used, quantile = (sole, MEDIAN) if len(sole) >= LEAST else (rows, LOW)
    if len(used) < LEAST:
        return None
    data = np.array([row[:3] for row in used], dtype=float)
    return _solve(np.column_stack([data[:, :2], np.ones(len(data))]) / data[:, 2:], quantile)


def predicted(rate: Array, computed: float, output: float) -> float:
    """Return the CPU-seconds of a call."""
    return float(rate @ np.array([computed, output, 1.0]))


def _solve(relative: Array, quantile: float) -> Array:
    from scipy.optimize import nnls

    weights = np.ones(len(relative))
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        solution = np.asarray(nnls(relative * root[:, None], root)[0])
        rest = 1.0 - relative @ solution  # positive: the call took more than the fit
        weights = np.where(rest > 0, quantile, 1.0 - quantile) / np.maximum(np.abs(rest), 1e-3)
    return solution
