"""Recorded outcomes as they are in theory: a weak option whose score tells, and a strong one."""

from dataclasses import fields

import numpy as np

from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.training_data import TrainingData


def made(
    n: int = 300, *, k: int = 3, seed: int = 0, told: bool = True, verdicts: bool = False
) -> TrainingData:
    """Return data of k options, each stronger and three times dearer than the one before.

    A question's ease decides who is right; scores are calibrated to it, or NaN if nothing is told. With
    ``verdicts`` they come from a verifier of each draft that errs on one in ten.
    """
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=(n, 1))
    p = 1 / (1 + np.exp(-(2 * ease + np.arange(k))))
    quality = (rng.random((n, k)) < p).astype(float)
    score = p if told else np.full((n, k), np.nan)
    if verdicts:
        said = (rng.random((n, k)) < 0.9) == (quality > 0)
        rate = p.mean(axis=0)
        score = np.where(said, 0.9 * rate / (0.8 * rate + 0.1), 0.1 * rate / (0.9 - 0.8 * rate))
    cost = np.tile(3.0 ** np.arange(k), (n, 1))
    none = np.zeros((n, k))
    prior = np.tile(p.mean(axis=0), (n, 1))
    alone = np.full(k, -1, dtype=np.intp)
    return TrainingData(prior, cost, score, none, quality, cost, np.zeros(n), alone, alone)


def model_of(data: TrainingData) -> BeliefModel:
    """Return what these data teach of how scores change beliefs."""
    return BeliefModel().fit(data.prior, data.score, data.quality, float(data.unanswerable.mean()))


def taken(data: TrainingData, rows: np.ndarray) -> TrainingData:
    """Return the data of some queries."""
    own = {f.name: getattr(data, f.name) for f in fields(data)}
    return TrainingData(**{name: a if name in ("chain", "mends") else a[rows] for name, a in own.items()})
