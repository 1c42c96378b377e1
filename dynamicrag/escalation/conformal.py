"""Conformal sets of candidates that may be right, at a chosen error rate."""

import numpy as np

from dynamicrag.escalation.beliefs import Marks
from dynamicrag.predictors.checks import Floats


def conformal_sets(known: Floats, right: Marks, p: Floats, alpha: float) -> Marks:
    """Return whether each candidate is in the set of its query, (n, m): split conformal prediction.

    CP-Router (Su et al. 2025, arXiv 2505.19970): a candidate's nonconformity is 1 minus its probability, and
    a set has all candidates below the calibration rows' quantile. For exchangeable queries with a right
    candidate, the set contains one with probability of at least 1 − α, even if the probabilities are bad. A
    set of one is a draft to accept; a larger one a query to escalate.

    Args:
        known: Probability of each candidate of the calibration rows, NaN for missing candidates, (l, m).
        right: Whether each of these is right, (l, m). Rows without a right candidate are left out.
        p: Probability of each candidate, as ``known``, (n, m).
        alpha: α; with too few calibration rows for it, a set has every candidate.
    """
    found = right & np.isfinite(known)
    off = np.sort(1.0 - np.where(found, known, -np.inf)[found.any(axis=1)].max(axis=1, initial=-np.inf))
    rank = int(np.ceil((len(off) + 1) * (1 - alpha)))
    most = off[rank - 1] if 0 < rank <= len(off) else np.inf
    return np.asarray(np.isfinite(p) & (1.0 - np.nan_to_num(p) <= most + 1e-12))
