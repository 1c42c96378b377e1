"""Calibrates a verifier's signal to a probability of being right, on recorded outcomes."""

import numpy as np

from dynamicrag.escalation.logistic import fit_logistic
from dynamicrag.predictors.checks import Floats

ENOUGH = 200
"""Number of outcomes from which isotonic regression is used; with fewer, a logistic curve is safer."""


def calibrated(known: Floats, right: Floats, signal: Floats) -> Floats:
    """Return P(right) of signals of any scale and either direction, of any shape; NaN where the signal is.

    Isotonic regression (Zadrozny and Elkan 2002), or Platt's logistic curve (1999) if there are few outcomes,
    both in the direction of the signal's overall correlation.

    Args:
        known: Recorded signals, (m,); NaN where the verifier failed.
        right: The qualities of their drafts from 0 to 1, (m,).
        signal: The signals.
    """
    seen = np.isfinite(known) & np.isfinite(right)
    x, y = known[seen], right[seen]
    if not len(x) or x.min() == x.max():
        at, p = np.zeros(1), np.full(1, y.mean() if len(y) else np.nan)
    else:
        at, p = (_isotonic if len(x) >= ENOUGH else _logistic)(x, y)
    return np.where(np.isfinite(signal), np.interp(np.nan_to_num(signal), at, p), np.nan)


def _isotonic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    rises = bool(np.cov(x, y)[0, 1] >= 0)
    fitted = IsotonicRegression(increasing=rises).fit(x, y)
    # a step with few outcomes is shrunk towards the mean, so that none is certain
    at, p = fitted.X_thresholds_, fitted.y_thresholds_
    return np.asarray(at, dtype=np.float64), np.clip(p, 1 / (len(x) + 2), 1 - 1 / (len(x) + 2))


def _logistic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    from scipy.special import expit

    scale = x.std()
    z = (x - x.mean()) / scale
    X = np.column_stack([np.ones_like(z), z])
    free = np.full(2, -np.inf)
    w = fit_logistic(X, y, towards=np.zeros(2), ridge=np.array([0.0, 1.0]), low=free)
    at = np.linspace(x.min(), x.max(), 65)
    return at, expit(w[0] + w[1] * (at - x.mean()) / scale)
