"""How well a signal tells right drafts from wrong ones, how honest it is as a probability, what it costs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dynamicrag.escalation.calibration import SignalCalibration
from dynamicrag.lab.cascade.owners import as_probability, verifier_cost
from dynamicrag.lab.cascade.trials import RIGHT, Rounds, Trials
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

BINS = 10


def judge_signals(
    train: Trials, judged: Trials, rounds: Rounds, score: Floats, resample: Resample
) -> dict[str, Any]:
    """Judge every signal; of growing samples at their end alone, for those before are parts of it."""
    last = _ends(judged)
    options = [judged.options[k] for k in last]
    quality = judged.quality[:, last]
    found = {}
    for s, name in enumerate(judged.names):
        signal = judged.signals[:, last, s]
        p = np.full(signal.shape, np.nan)
        for kept, out in rounds:
            known, right = train.signals[kept][:, last, s], train.quality[kept][:, last]
            p[out] = SignalCalibration().fit(known.ravel(), right.ravel()).predict(signal[out])
        if np.isfinite(signal).any():
            raw = as_probability(name, signal)
            found[name] = judge_signal(signal, raw, p, quality, resample, options)
            found[name] |= _priced(judged, last, name, resample)
    said = score[:, last]
    found["learnt"] = judge_signal(said, said, said, quality, resample, options)
    found["learnt"] |= _priced(judged, last, None, resample)
    return found


def drafts(judged: Trials) -> int:
    """Return how many drafts signals are judged on, at most."""
    return len(judged) * len(_ends(judged))


def _ends(judged: Trials) -> list[int]:
    if judged.answers is None:
        return [*range(len(judged.options))]
    return [k for k, own in enumerate(judged.chain) if own < 0 or own not in judged.chain[k + 1 :]]


def _priced(judged: Trials, last: Sequence[int], signal: str | None, resample: Resample) -> dict[str, Any]:
    """Return the mean cost of a signal's verifier per draft, and its share of the drafts' own.

    Every draft counts, also one that the verifier had nothing to say of.
    """
    own, bare = (table[:, last].mean(axis=1) for table in verifier_cost(judged.spent, judged.cost, signal))
    cost, alone = own.mean(), bare.mean()
    return {
        "cost": cost,
        "cost_share": cost / alone if alone > 0 else np.nan,
        "cost_interval": interval(resample.means(own)),
    }


def judge_signal(
    signal: Floats, raw: Floats, p: Floats, quality: Floats, resample: Resample, options: Sequence[str]
) -> dict[str, Any]:
    """Return what a signal is worth.

    Args:
        signal: As the verifier gave it, NaN where it failed, (n, k).
        raw: The signal as a probability of being right, NaN where it is none, (n, k).
        p: Its calibrated probability of being right, learnt from other rows, (n, k).
        quality: Realised, (n, k).
        resample: Samples of the n queries: a query's drafts are drawn together.
        options: Names of the k options.

    Returns:
        ``drafts`` with the signal; ``auroc`` of the signal over all drafts (below .5 it speaks against),
        ``auroc_calibrated``, ``ece`` (of ``p``, over bins of equal count), ``ece_raw``, ``brier``, with
        ``intervals``;
        ``options``: AUROC by option; ``reliability``: ``[{said, right, drafts}]``.
    """
    seen = np.isfinite(signal) & np.isfinite(quality) & np.isfinite(p)
    rows, _ = np.nonzero(seen)
    given, taken, said, right = signal[seen], raw[seen], p[seen], quality[seen] >= RIGHT
    once = np.ones((1, len(rows)))
    weights = resample.counts[:, rows].astype(np.float64)
    return {
        "drafts": len(rows),
        "auroc": auroc(given, right, once)[0],
        "auroc_calibrated": auroc(said, right, once)[0],
        "ece": ece(said, quality[seen], once)[0],
        "ece_raw": ece(taken, quality[seen], once)[0],
        "brier": float(((said - quality[seen]) ** 2).mean()) if len(rows) else np.nan,
        "options": {
            name: auroc(
                signal[seen[:, k], k], quality[seen[:, k], k] >= RIGHT, np.ones((1, seen[:, k].sum()))
            )[0]
            for k, name in enumerate(options)
        },
        "reliability": reliability(said, quality[seen]),
        "intervals": {
            "auroc": interval(auroc(given, right, weights)),
            "auroc_calibrated": interval(auroc(said, right, weights)),
            "ece": interval(ece(said, quality[seen], weights)),
            "ece_raw": interval(ece(taken, quality[seen], weights)),
        },
    }


def auroc(signal: Floats, right: np.ndarray, weights: Floats) -> Floats:
    """Return the probability that a right draft has the higher signal, ties halved, (b,).

    Args:
        signal: (m,).
        right: (m,).
        weights: How often each draft is in each sample, (b, m).
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
    """Return the mean distance of what is said from what is found, over bins of equal count, (b,)."""
    if not len(p):
        return np.full(len(weights), np.nan)
    off = np.zeros(len(weights))
    for rows in _bins(p):
        off += np.abs((weights[:, rows] * (p[rows] - quality[rows])).sum(axis=1))
    return np.asarray(off / np.maximum(weights.sum(axis=1), 1e-12))


def reliability(p: Floats, quality: Floats) -> list[dict[str, Any]]:
    """Return what was said and what was found, by bin."""
    return [{"said": p[rows].mean(), "right": quality[rows].mean(), "drafts": len(rows)} for rows in _bins(p)]


def _bins(p: Floats) -> list[np.ndarray]:
    parts = np.array_split(np.argsort(p, kind="stable"), BINS)
    return [rows for rows in parts if len(rows)]
