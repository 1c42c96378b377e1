"""Deciding and training, against MABWiser's LinUCB and scikit-learn."""

import time
from typing import Any

import numpy as np

from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.selection import select
from tests.bench.measure import Measure, ratio

OPTIONS, WIDTH = 16, 32
"""A decision as DESIGN 11 has it."""
MICROSECONDS = 50.0
MOST_MICROSECONDS = 1000.0
ASKED = 200


def measures() -> list[Measure]:
    """Return the measures of this module."""
    rng = np.random.default_rng(0)
    return [*_decision(rng), *_each(rng), _neighbours(rng), *_training(rng)]


def _decision(rng: np.random.Generator) -> list[Measure]:
    """One query at a time, as in a graph; both were trained on the same 2,000."""
    from mabwiser.mab import MAB, LearningPolicy

    X = rng.normal(size=(2000, WIDTH))
    quality = 1 / (1 + np.exp(-X @ rng.normal(size=(WIDTH, OPTIONS)) / 4))
    costs = np.linspace(0, 0.2, OPTIONS)[:, None]
    arms = rng.integers(OPTIONS, size=len(X))
    bandit = MAB(list(range(OPTIONS)), LearningPolicy.LinUCB(alpha=1.0))
    bandit.fit(arms, quality[np.arange(len(X)), arms], X)
    linear = PREDICTORS.build("linear", "bench").fit(X, quality)
    queries = X[:100, None]
    value, ours, theirs = ratio(
        lambda: [select(linear.predict(x).mean[0], costs, [1.0]) for x in queries],
        lambda: [bandit.predict(x) for x in queries],
    )
    micro = ours / len(queries) * 1e6
    note = f"{micro:.0f} us against {theirs / len(queries) * 1e6:.0f} us"
    return [
        Measure("a decision, 16 options, d = 32 / MABWiser's LinUCB", value, 0.05, note),
        Measure("a decision, 16 options, d = 32, us", micro, MICROSECONDS),
    ]


def _each(rng: np.random.Generator) -> list[Measure]:
    """What every other predictor takes to decide, and to learn from 3,000 questions."""
    X = rng.normal(size=(3000, WIDTH))
    quality = 1 / (1 + np.exp(-X @ rng.normal(size=(WIDTH, OPTIONS)) / 4))
    found = []
    for name in ("logistic", "kernel", "knn", "kmeans", "forest", "mlp", "matrix_factorization", "blend"):
        predictor = PREDICTORS.build(name, "bench")
        began = time.perf_counter()
        predictor.fit(X, quality)
        learnt = time.perf_counter()
        for x in X[:ASKED, None]:
            predictor.predict(x)
        micro = (time.perf_counter() - learnt) / ASKED * 1e6
        note = f"trained in {learnt - began:.2f} s"
        found.append(
            Measure(f"an estimate by {name}, 16 options, d = 32, us", micro, MOST_MICROSECONDS, note)
        )
    return found


def _neighbours(rng: np.random.Generator) -> Measure:
    from sklearn.neighbors import NearestNeighbors

    X = rng.normal(size=(10_000, 384)).astype(np.float32)
    knn: Any = PREDICTORS.build({"knn": {"metric": "cosine"}}, "bench").fit(X, rng.random((len(X), 3)))
    brute = NearestNeighbors(n_neighbors=50, algorithm="brute", metric="cosine").fit(X)
    queries = X[:20, None]
    value, ours, theirs = ratio(
        lambda: [knn.predict(x) for x in queries], lambda: [brute.kneighbors(x) for x in queries]
    )
    same = np.mean([set(knn.neighbours(x)[0][0]) == set(brute.kneighbors(x)[1][0]) for x in queries])
    note = f"{ours / 20 * 1e3:.2f} against {theirs / 20 * 1e3:.2f} ms, {same:.0%} the same neighbours"
    return Measure("kNN over 10k x 384 / scikit-learn, brute force", value, 0.2, note)


def _training(rng: np.random.Generator) -> list[Measure]:
    """Penalty by leave-one-out among as many, 3,000 questions, MiniLM's width, 12 options."""
    from sklearn.linear_model import RidgeCV

    from dynamicrag.predictors.ridge import GRID

    X = rng.normal(size=(3000, 384))
    quality = (X @ rng.normal(size=(384, 12)) / 20 + rng.random((3000, 12)) > 0.5).astype(float)
    value, ours, theirs = ratio(
        lambda: PREDICTORS.build("linear", "bench").fit(X, quality),
        lambda: RidgeCV(GRID * len(X), alpha_per_target=True).fit(X, quality),
        rounds=3,
    )
    return [
        Measure(
            "training linear, 3,000 x 384 x 12 / RidgeCV", value, 1.0, f"{ours:.2f} s against {theirs:.2f} s"
        )
    ]
