"""Cross-fitted predictions, by which ``auto`` compares predictors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.registry import parse_spec


def build(spec: object, seed: int, where: str) -> Predictor:
    """Build the predictor of ``spec``, with ``seed`` unless the spec has its own.

    Raises:
        PolicyError: As for :meth:`Registry.build`.
    """
    predictor = PREDICTORS.build(spec, where)
    if "seed" not in parse_spec(spec, where)[1]:
        predictor.seed = seed
    return predictor


def folds(rows: int, count: int, groups: NDArray[Any] | None, seed: int) -> NDArray[np.intp]:
    """Return the fold of every row, (rows,), numbered from 0.

    Folds have about equal sizes and are drawn at random. Rows of the same group are in the same fold.
    """
    rng = np.random.default_rng(seed)
    _, member = np.unique(np.arange(rows) if groups is None else groups, return_inverse=True)
    sizes = np.bincount(member)
    shuffled = rng.permutation(len(sizes))
    count = min(count, len(sizes))
    fold_of_group = np.empty(len(sizes), dtype=np.intp)
    filled = np.zeros(count)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:  # large groups first, then the gaps
        fold_of_group[group] = filled.argmin()
        filled[fold_of_group[group]] += sizes[group]
    return fold_of_group[member]


def out_of_fold(
    specs: Sequence[object],
    X: Floats,
    quality: Floats,
    groups: NDArray[Any] | None,
    blocks: Sequence[int],
    *,
    count: int,
    seed: int,
    where: str,
) -> Floats:
    """Return each predictor's means for every row, fitted without the row's fold, (len(specs), n, k).

    With a single fold nothing can be left out; then every entry is the options' mean.
    """
    fold = folds(len(X), count, groups, seed)
    means = np.empty((len(specs), *quality.shape))
    means[:] = np.nanmean(quality, axis=0)
    for number in range(fold.max() + 1):
        out = fold == number
        if out.all() or np.isnan(quality[~out]).all():
            continue
        inner = None if groups is None else groups[~out]
        for index, spec in enumerate(specs):
            fitted = build(spec, seed, where).fit(X[~out], quality[~out], groups=inner, blocks=blocks)
            means[index, out] = fitted.predict(X[out]).mean
    return means


def contrasts(means: Floats, quality: Floats) -> Floats:
    """Return the errors relevant to a choice, (..., n, k); NaN where unobserved.

    A choice depends only on the differences between options, so the mean over a row's observed options is
    subtracted from prediction and outcome. A row with one observation has no difference; if all rows are like
    that, as in the log of a running system, the errors are unchanged.
    """
    errors = means - quality
    seen = ~np.isnan(quality)
    observed = seen.sum(axis=1)
    comparable = observed > 1
    if not comparable.any():
        return errors
    common = np.where(seen, errors, 0.0).sum(axis=-1) / np.maximum(observed, 1)
    return np.where(comparable[:, None], errors - common[..., None], np.nan)
