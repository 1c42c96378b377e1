"""Recorded outcomes as they are in theory: a weak option whose score tells, and a strong one."""

import numpy as np

from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.replay import Lessons


def made(n: int = 300, *, k: int = 3, seed: int = 0, told: bool = True) -> Lessons:
    """Return lessons of k options, each stronger and three times dearer than the one before.

    A question's ease decides who is right; scores are calibrated to it, or NaN if nothing is told.
    """
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=(n, 1))
    p = 1 / (1 + np.exp(-(6 * ease + 2 * np.arange(k))))
    quality = (rng.random((n, k)) < p).astype(float)
    score = p if told else np.full((n, k), np.nan)
    cost = np.tile(3.0 ** np.arange(k), (n, 1))
    none = np.zeros((n, k))
    prior = np.tile(p.mean(axis=0), (n, 1))
    return Lessons(prior, cost, score, none, quality, cost, np.zeros(n), np.full(k, -1, dtype=np.intp))


def model_of(lessons: Lessons) -> BeliefModel:
    """Return what these lessons teach of how scores change beliefs."""
    return BeliefModel().fit(
        lessons.prior, lessons.score, lessons.quality, float(lessons.unanswerable.mean())
    )
