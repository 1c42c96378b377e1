"""Judges estimates out of fold: the quality at a mean budget, and the share of the oracle's gap closed."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dynamicrag.lab.priors.contenders import Contender, Rows
from dynamicrag.lab.priors.pool import BUDGETS, Pool
from dynamicrag.predictors.checks import Floats

FOLDS = 5
INNER = 3


def folds(rows: int, seed: int, number: int = FOLDS) -> Iterator[tuple[Rows, Rows]]:
    """Yield training and test rows of every fold; no row is in two tests."""
    order = np.random.default_rng(seed).permutation(rows)
    for part in range(number):
        test = np.zeros(rows, dtype=bool)
        test[order[part::number]] = True
        yield np.flatnonzero(~test), np.flatnonzero(test)


def out_of_fold(estimate: Contender, rows: Rows, seed: int, number: int = FOLDS) -> Floats:
    """Return estimates of rows, (n, k), each from a fit without it."""
    parts = [(test, estimate(rows[train], rows[test])) for train, test in folds(len(rows), seed, number)]
    made = np.empty((len(rows), parts[0][1].shape[1]))
    for test, part in parts:
        made[test] = part
    return made


def at_budgets(estimate: Contender, options: Pool, seed: int, inner: int = INNER) -> tuple[Floats, Floats]:
    """Return quality and cost of the choices on every question at every budget, both (budgets, n).

    λ is chosen on the training folds, so that the mean cost by estimates from inner folds meets the budget.
    With ``inner`` 0 the training rows' own estimates serve, for estimates that no single question moves.
    """

    def picks(train: Rows, test: Rows) -> list[Rows]:
        predicted = estimate(train, test)
        training = out_of_fold(estimate, train, seed, inner) if inner else estimate(train, train)
        return [options.chosen(predicted, training, train, budget) for budget in BUDGETS]

    return _picked(options, seed, picks)


def fixed_at_budgets(options: Pool, seed: int) -> tuple[Floats, Floats]:
    """Return the same for the best fixed option within each budget on the training folds."""
    return _picked(options, seed, lambda train, _: [options.fixed(train, budget) for budget in BUDGETS])


def _picked(
    options: Pool, seed: int, picks: Callable[[Rows, Rows], Sequence[Rows | int]]
) -> tuple[Floats, Floats]:
    """Return quality and cost, both (budgets, n), of the options picked at each budget in every fold."""
    count = len(options.quality)
    quality, cost = np.empty((2, len(BUDGETS), count))
    for train, test in folds(count, seed):
        for number, index in enumerate(picks(train, test)):
            quality[number, test] = options.quality[test, index]
            cost[number, test] = options.cost[test, index]
    return quality, cost


def best_by_estimate(estimate: Contender, quality: Floats, seed: int) -> Floats:
    """Return the quality of the option of greatest estimate on every question, (n,), out of fold."""
    predicted = out_of_fold(estimate, np.arange(len(quality)), seed)
    return np.asarray(quality[np.arange(len(quality)), predicted.argmax(axis=1)])


def gap_closed(chosen: Floats, quality: Floats, samples: Sequence[Rows]) -> Floats:
    """Return the share of the gap between the best fixed option and the oracle that choices close.

    Args:
        chosen: Quality of the choices, (n,).
        quality: Quality of every option, (n, k).
        samples: Rows of bootstrap samples.

    Returns:
        The share on all rows, then on every sample, (1 + b,).
    """

    def share(rows: Rows) -> float:
        fixed, oracle = quality[rows].mean(axis=0).max(), quality[rows].max(axis=1).mean()
        return float((chosen[rows].mean() - fixed) / (oracle - fixed))

    return np.array([share(np.arange(len(chosen))), *map(share, samples)])
