"""Logistic regression with shrinkage and sign constraints, shared by the calibrations."""

import numpy as np

from dynamicrag.predictors.checks import Floats


def fit_logistic(X: Floats, y: Floats, *, towards: Floats, ridge: Floats, low: Floats) -> Floats:
    """Return the coefficients, (d,), of P(y) = σ(X·w) that minimise log loss plus shrinkage.

    Args:
        X: Features, (n, d).
        y: Shares from 0 to 1, (n,).
        towards: Targets of the shrinkage, (d,).
        ridge: Strength of the shrinkage, in rows' worth of log loss, (d,).
        low: Lower bound of each coefficient; −inf for none, (d,).
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(w: Floats) -> tuple[float, Floats]:
        z = X @ w
        off = w - towards
        value = np.logaddexp(0.0, z).sum() - (y * z).sum() + 0.5 * (ridge * off * off).sum()
        return float(value), np.asarray(X.T @ (expit(z) - y) + ridge * off)

    bounds = [(None if np.isinf(least) else least, None) for least in low]
    return np.asarray(minimize(loss, towards, jac=True, method="L-BFGS-B", bounds=bounds).x)
