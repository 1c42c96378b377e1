"""A signal's power to tell right drafts from wrong ones, its calibration, and its cost."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.calibration import calibrated
from dynamicrag.lab.cascade.owners import as_probability, verifier_cost
from dynamicrag.lab.cascade.signal_results import Bin, SignalFigures
from dynamicrag.lab.cascade.trials import RIGHT, Rounds, Trials
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

BINS = 10


def judge_signals(
    train: Trials, test: Trials, rounds: Rounds, score: Floats, resample: Resample
) -> dict[str, SignalFigures]:
    """Judge every signal of the test data, and the learnt score as ``learnt``.

    Of growing numbers of samples the largest alone is judged: it holds the others.

    Args:
        train: The training data.
        test: The test data.
        rounds: Rows of both.
        score: The learnt probability that a draft is right, (n, k).
        resample: Samples of the test queries.
    """
    last = judged_options(test)
    options = [test.options[k] for k in last]
    quality = test.quality[:, last]
    found = {}
    for s, name in enumerate(test.names):
        signal = test.signals[:, last, s]
        if not np.isfinite(signal).any():
            continue
        p = np.full(signal.shape, np.nan)
        for kept, out in rounds:
            known, right = train.signals[kept][:, last, s], train.quality[kept][:, last]
            p[out] = calibrated(known.ravel(), right.ravel(), signal[out])
        own = judge_signal(signal, as_probability(name, signal), p, quality, resample, options)
        found[name] = _priced(own, test, last, name, resample)
    learnt = score[:, last]
    own = judge_signal(learnt, learnt, learnt, quality, resample, options)
    return {**found, "learnt": _priced(own, test, last, None, resample)}


def judged_options(test: Trials) -> list[int]:
    """Return the options whose drafts signals are judged on."""
    if test.answers is None:
        return [*range(len(test.options))]
    return [k for k, own in enumerate(test.chain) if own < 0 or own not in test.chain[k + 1 :]]


def _priced(
    figures: SignalFigures, test: Trials, last: Sequence[int], signal: str | None, resample: Resample
) -> SignalFigures:
    """Add the cost of a signal's verifier; drafts that it could not judge count too."""
    own, bare = (table[:, last].mean(axis=1) for table in verifier_cost(test.spent, test.cost, signal))
    cost, alone = float(own.mean()), float(bare.mean())
    share = cost / alone if alone > 0 else float("nan")
    return replace(figures, cost=cost, cost_share=share, cost_interval=interval(resample.means(own)))


def judge_signal(
    signal: Floats, raw: Floats, p: Floats, quality: Floats, resample: Resample, options: Sequence[str]
) -> SignalFigures:
    """Return the figures of a signal, without its cost.

    Args:
        signal: As the verifier gave it, NaN where it failed, (n, k).
        raw: The signal as a probability of being right, NaN if it is not one, (n, k).
        p: Its calibrated probability of being right, learnt from other rows, (n, k).
        quality: Realised, (n, k).
        resample: Samples of the n queries: a query's drafts are drawn together.
        options: Names of the k options.
    """
    seen = np.isfinite(signal) & np.isfinite(quality) & np.isfinite(p)
    rows, columns = np.nonzero(seen)
    given, claimed, calibrated, realised = (table[seen] for table in (signal, raw, p, quality))
    right = realised >= RIGHT
    weights = resample.counts[:, rows].astype(np.float64)

    def figures(weights: Floats) -> dict[str, Floats]:
        return {
            "auroc": auroc(given, right, weights),
            "auroc_calibrated": auroc(calibrated, right, weights),
            "ece": ece(calibrated, realised, weights),
            "ece_raw": ece(claimed, realised, weights),
        }

    def one(option: int) -> float:
        inside = columns == option
        return float(auroc(given[inside], right[inside], np.ones((1, inside.sum())))[0])

    whole = figures(np.ones((1, len(rows))))
    return SignalFigures(
        drafts=len(rows),
        auroc=float(whole["auroc"][0]),
        auroc_calibrated=float(whole["auroc_calibrated"][0]),
        ece=float(whole["ece"][0]),
        ece_raw=float(whole["ece_raw"][0]),
        brier=float(((calibrated - realised) ** 2).mean()) if len(rows) else float("nan"),
        options={name: one(option) for option, name in enumerate(options)},
        reliability=[
            Bin(float(calibrated[bin_].mean()), float(realised[bin_].mean()), len(bin_))
            for bin_ in _bins(calibrated)
        ],
        intervals={name: interval(samples) for name, samples in figures(weights).items()},
    )


def auroc(signal: Floats, right: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the chance that a right draft has the higher signal, ties halved, (b,); NaN for one class.

    It is scikit-learn's ``roc_auc_score`` for all bootstrap samples at once: one by one they take minutes.

    Args:
        signal: (m,).
        right: (m,).
        weights: Count of each draft in each sample, (b, m).
    """
    if not len(signal):
        return np.full(len(weights), np.nan)
    _, group = np.unique(signal, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    good = np.add.reduceat((weights * right)[:, order], starts, axis=1)
    bad = np.add.reduceat((weights * ~right)[:, order], starts, axis=1)
    below = np.cumsum(bad, axis=1) - bad / 2
    pairs = good.sum(axis=1) * bad.sum(axis=1)
    return np.asarray((good * below).sum(axis=1) / np.where(pairs > 0, pairs, np.nan))


def ece(p: Floats, quality: Floats, weights: Floats) -> Floats:
    """Return the expected calibration error over bins of equal count, (b,).

    Quality is a share, not a class, and ties are split between bins, so scikit-learn's
    ``calibration_curve`` does not apply.

    Args:
        p: Probability of being right, (m,).
        quality: Realised, (m,).
        weights: Count of each draft in each sample, (b, m).
    """
    if not len(p):
        return np.full(len(weights), np.nan)
    error = sum(np.abs((weights[:, rows] * (p[rows] - quality[rows])).sum(axis=1)) for rows in _bins(p))
    return np.asarray(error / np.maximum(weights.sum(axis=1), 1e-12))


def _bins(p: Floats) -> list[NDArray[np.intp]]:
    parts = np.array_split(np.argsort(p, kind="stable"), BINS)
    return [rows for rows in parts if len(rows)]
