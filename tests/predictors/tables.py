"""Synthetic outcome tables whose best option is known."""

import numpy as np


def table(n=160, d=5, k=3, *, seed=0, noise=0.1):
    """Return features and qualities; the first feature decides which of the first two options is better."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    tilt = 1 / (1 + np.exp(-2 * X[:, 0]))
    parts = [tilt, 1 - tilt, *(np.full(n, 0.3 + 0.05 * j) + 0.05 * X[:, 1] for j in range(k - 2))]
    quality = np.stack(parts[:k], axis=1) + noise * rng.normal(size=(n, k))
    return X, np.clip(quality, 0, 1)


def right_or_wrong(n=600, d=5, *, seed=0):
    """Return a table of 0 and 1."""
    X, chance = table(n, d, 2, seed=seed, noise=0.0)
    return X, (np.random.default_rng(seed + 1).random(chance.shape) < chance).astype(float)


def gain(predictor, table_of, *, n=400):
    """Return the mean quality of what looks best, less that of the best single option, on new queries."""
    X, quality = table_of(n=n, seed=99)
    chosen = predictor.predict(X).mean.argmax(axis=1)
    return quality[np.arange(n), chosen].mean() - quality.mean(axis=0).max()
