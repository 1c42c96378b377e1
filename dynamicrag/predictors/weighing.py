"""Weights of several kernels by marginal likelihood.

Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, section 5.4.1.
"""

import numpy as np

from dynamicrag.predictors.checks import Floats

USUAL = 0.03
"""Expected weight of a kernel, in units of the noise: outcomes of queries are mostly noise."""
WIDTH = 2.0
"""Standard deviation of the logarithm of that expectation."""
DIRECTIONS = 3
"""Number of directions of differences between options used."""
STEPS = 25


def weigh(kernels: Floats, differences: Floats) -> Floats:
    """Return the kernels' weights, (p,), all above 0.

    Args:
        kernels: Similarities of the queries, (p, n, n).
        differences: Differences of the options' outcomes from their mean, (n, k).
    """
    from scipy.linalg import cho_factor, cho_solve
    from scipy.optimize import minimize

    usual = np.full(len(kernels), np.log(USUAL))
    targets = _directions(differences)
    if not targets.size:  # the options do not differ
        return np.asarray(np.exp(usual))
    n, r = targets.shape

    def loss(logs: Floats) -> tuple[float, Floats]:
        weights, noise = np.exp(logs[:-1]), np.exp(logs[-1])
        total = np.tensordot(weights, kernels, axes=1)
        total[np.diag_indices(n)] += noise
        factor = cho_factor(total, lower=True)
        inverse = cho_solve(factor, np.eye(n))
        solved = inverse @ targets
        value = 0.5 * (targets * solved).sum() + r * np.log(np.diag(factor[0])).sum()
        pull = r * inverse - solved @ solved.T
        slope = np.append(weights * np.tensordot(kernels, pull, axes=2), noise * np.trace(pull)) / 2
        off = (logs[:-1] - usual) / WIDTH
        slope[:-1] += off / WIDTH
        return value + 0.5 * (off**2).sum(), slope

    found = minimize(
        loss,
        np.append(usual, 0.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[*[(-12.0, 3.0)] * len(kernels), (-4.0, 1.0)],
        options={"maxiter": STEPS},
    )
    return np.asarray(np.exp(found.x[:-1] - found.x[-1]))


def _directions(differences: Floats) -> Floats:
    """Return the queries' coordinates along the first directions of difference, of variance 1, (n, r)."""
    centred = differences - differences.mean(axis=0)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    kept = (strengths > 1e-6 * np.sqrt(len(centred)))[:DIRECTIONS]
    return np.asarray(left[:, :DIRECTIONS][:, kept] * np.sqrt(len(centred)))
