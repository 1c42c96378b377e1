"""Predicts the outcome of each option from logged decisions, without the query that it predicts.

The doubly robust estimate needs it. Cross-fitting keeps the estimate unbiased: the query's own outcome has no
part in its prediction (Chernozhukov et al. 2018, "Double/debiased machine learning").
"""

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds
from dynamicrag.predictors.ridge import fit_ridge

FOLDS = 5
LEAST = 10
"""Number of decisions from which an option has a regression of its own."""


def predicted(
    X: Floats,
    chosen: NDArray[np.intp],
    outcomes: Floats,
    options: int,
    query: NDArray[np.intp],
    seed: int = 0,
) -> Floats:
    """Return the predicted outcome of every option at every decision, (m, options).

    A ridge regression per option; the mean outcome for an option with few decisions.

    Args:
        X: Features of the decisions, (m, d).
        chosen: Position of each chosen option, (m,).
        outcomes: Outcome of each decision's query, (m,).
        options: Number of options.
        query: Query of each decision, (m,); decisions of one query are left out together.
        seed: Seed of the folds.
    """
    found = np.full((len(X), options), float(outcomes.mean()) if len(outcomes) else 0.0)
    if len(X) == 0:
        return found
    observed = np.full((len(X), options), np.nan)
    observed[np.arange(len(X)), chosen] = outcomes
    fold = folds(len(X), FOLDS, query, seed)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        if out.all():
            continue
        inside, own = observed[~out], outcomes[~out]
        found[out] = own.mean()
        counts = (~np.isnan(inside)).sum(axis=0)
        few, many = np.flatnonzero((counts > 0) & (counts < LEAST)), np.flatnonzero(counts >= LEAST)
        for option in few:  # shrunk towards the mean of all options
            total = float(np.nansum(inside[:, option])) + LEAST * own.mean()
            found[out, option] = total / (counts[option] + LEAST)
        if len(many):
            means = fit_ridge(X[~out], inside[:, many]).mean(X[out])
            found[np.ix_(out, many)] = np.clip(means, own.min(), own.max())
    return found
