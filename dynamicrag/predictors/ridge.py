"""Ridge regression of many options at once, each with a penalty chosen by leave-one-out error.

Leave-one-out needs no refitting: the residual of a left-out query is its residual divided by 1 − its leverage
(Golub, Heath and Wahba 1979, "Generalized cross-validation as a method for choosing a good ridge parameter").
One eigendecomposition serves all penalties, and all options that were observed on the same queries.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import UNKNOWN

GRID = np.logspace(5, -3, 17)
"""Penalties tried, strongest first, in units of the mean eigenvalue."""
LEAST = 1e-6
"""Lower bound of 1 − leverage."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """Fitted regressions of m options on d features.

    Attributes:
        weights: (d, m).
        intercept: (m,).
        alpha: Chosen penalties, (m,).
        noise: Variance of the leave-one-out residuals, (m,); 1 in a sum, where the other two include it.
        known: Number of observations, (m,).
        basis: Eigenvectors of the features' scatter, (d, d).
        precision: Prior-scaled uncertainty along each eigenvector, (d, m).
    """

    weights: Floats
    intercept: Floats
    alpha: Floats
    noise: Floats
    known: Floats
    basis: Floats
    precision: Floats

    def mean(self, Z: Floats) -> Floats:
        """Return the predictions, (n, m), for features (n, d)."""
        return Z @ self.weights + self.intercept

    def leverage(self, Z: Floats) -> Floats:
        """Return the variance of the predictions in units of the noise, (n, m)."""
        return 1.0 / self.known + (Z @ self.basis) ** 2 @ self.precision

    def variance(self, Z: Floats) -> Floats:
        """Return the variance of the predictions, (n, m).

        Exact for complete observations; otherwise as if a random share of the queries was observed.
        """
        return self.noise * self.leverage(Z)


class _Axes(NamedTuple):
    centre: Floats
    squares: Floats
    basis: Floats


class _Fit(NamedTuple):
    weights: Floats
    intercept: Floats
    alpha: Floats
    noise: Floats


def fit_ridge(Z: Floats, quality: Floats) -> Ridge:
    """Fit one regression per option.

    Args:
        Z: Features of comparable scale, (n, d).
        quality: Outcomes, (n, m); NaN where unobserved, at least one number per column.
    """
    return _fit(Z, quality, _axes(Z))


def _fit(Z: Floats, quality: Floats, everywhere: "_Axes") -> Ridge:
    seen = ~np.isnan(quality)
    columns = quality.shape[1]
    weights = np.empty((Z.shape[1], columns))
    intercept, alpha, noise = np.empty(columns), np.empty(columns), np.empty(columns)
    masks, which = np.unique(seen, axis=1, return_inverse=True)
    for index, mask in enumerate(masks.T):
        alike = np.flatnonzero(which.ravel() == index)
        axes = everywhere if mask.all() else _axes(Z[mask])
        fit = _solve(Z[mask], quality[np.ix_(mask, alike)], axes)
        weights[:, alike], intercept[alike], alpha[alike], noise[alike] = fit
    known = seen.sum(axis=0).astype(float)
    precision = 1.0 / (np.outer(everywhere.squares, known / len(Z)) + alpha)
    return Ridge(weights, intercept, alpha, noise, known, everywhere.basis, precision)


def fit_apart(Z: Floats, quality: Floats) -> Ridge:
    """Fit the common difficulty of a query and the differences between options separately.

    The first is easier to learn but decides nothing; its penalty is too weak for the second.

    Args:
        Z: Features of comparable scale, (n, d).
        quality: Outcomes, (n, m); NaN where unobserved, at least one number per column.

    Returns:
        The sum of the common regression and the regressions of the differences.
    """
    axes = _axes(Z)
    if not np.isnan(quality).any():
        shared = quality.mean(axis=1, keepdims=True)
        return _sum(_fit(Z, shared, axes), _fit(Z, quality - shared, axes))
    # a row's mean would depend on which options were observed, unless each is centred first
    above = quality - np.nanmean(quality, axis=0)
    seen = ~np.isnan(quality)
    shared = np.full((len(Z), 1), np.nan)
    rows = seen.any(axis=1)
    shared[rows, 0] = np.where(seen, above, 0.0)[rows].sum(axis=1) / seen[rows].sum(axis=1)
    common = _fit(Z, shared, axes)
    return _sum(common, _fit(Z, quality - common.mean(Z), axes))


def _sum(common: Ridge, own: Ridge) -> Ridge:
    """Return the sum of two regressions on the same axes, with independent uncertainties."""
    return Ridge(
        weights=common.weights + own.weights,
        intercept=common.intercept + own.intercept,
        alpha=own.alpha,
        noise=np.ones_like(own.noise),
        known=1.0 / (common.noise / common.known + own.noise / own.known),
        basis=own.basis,
        precision=common.noise * common.precision + own.noise * own.precision,
    )


def _axes(Z: Floats) -> _Axes:
    centre = Z.mean(axis=0)
    squares, basis = np.linalg.eigh((Z - centre).T @ (Z - centre))
    return _Axes(centre, np.maximum(squares, 0.0), basis)


def _solve(Z: Floats, y: Floats, axes: _Axes) -> _Fit:
    """Return the best of all penalties per column of ``y``; the stronger one in a tie."""
    level = y.mean(axis=0)
    turned = (Z - axes.centre) @ axes.basis
    squared = turned**2
    projected = turned.T @ (y - level)
    unit = axes.squares.mean() or 1.0
    alpha, least = np.zeros(y.shape[1]), np.full(y.shape[1], np.inf)
    coefficients = np.zeros_like(projected)
    for penalty in unit * GRID:
        shrunk = 1.0 / (axes.squares + penalty)
        candidate = projected * shrunk[:, None]
        free = np.maximum(1.0 - 1.0 / len(Z) - squared @ shrunk, LEAST)
        error = (((y - level - turned @ candidate) / free[:, None]) ** 2).sum(axis=0)
        better = error < least * (1.0 - 1e-9)
        alpha[better], least[better] = penalty, error[better]
        coefficients[:, better] = candidate[:, better]
    weights = axes.basis @ coefficients
    # one extra, unknown observation keeps few observations from looking certain
    noise = (least + UNKNOWN**2) / (len(Z) + 1)
    return _Fit(weights, level - axes.centre @ weights, alpha, noise)
