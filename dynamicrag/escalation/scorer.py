"""One trained score of a draft from all its verifiers' signals."""

from typing import Self

import numpy as np

from dynamicrag.escalation.logistic import fit_logistic
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State

FREE = -np.inf
RIDGE = 10.0
"""Shrinkage of the weights, in queries: a query's drafts carry much the same information."""
FITTED = ("centre", "scale", "sign", "weights", "level", "slope")


class Scorer:
    """P(a draft is right) from its signals: FrugalGPT's generation scorer, light.

    FrugalGPT (Chen, Zaharia and Zou 2023, arXiv 2305.05176) trains a DistilBERT on query and answer; here a
    logistic regression is trained on measures of both and on the verifiers' signals. Each signal keeps the
    sign of its own correlation: correlated signals then share their weight instead of cancelling each other,
    which transfers to other tasks. Options share the weights; each has its own level and scale, shrunk
    towards the common ones if its outcomes are few.

    """

    def fit(self, signals: Floats, quality: Floats) -> Self:
        """Fit the scorer.

        Args:
            signals: (n, k, s); NaN where missing.
            quality: From 0 to 1, (n, k); NaN where unobserved.
        """
        n, k, s = signals.shape
        flat, y = signals.reshape(n * k, s), quality.reshape(n * k)
        option = np.tile(np.arange(k), n)
        keep = np.isfinite(y)
        flat, y, option = flat[keep], y[keep], option[keep]
        seen = np.isfinite(flat)
        count = np.maximum(seen.sum(axis=0), 1)
        self.centre = np.where(seen, flat, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(seen, flat - self.centre, 0.0) ** 2).sum(axis=0) / count)
        self.scale = np.where(spread > 1e-9, spread, np.inf)  # a constant signal has no information
        z = np.where(seen, (flat - self.centre) / self.scale, 0.0)
        level = np.array([y[option == own].mean() if (option == own).any() else np.nan for own in range(k)])
        self.sign = np.where(z.T @ (y - level[option]) >= 0, 1.0, -1.0)
        X = np.column_stack([np.eye(k)[option], np.ones(len(y)), z * self.sign])
        drafts = max(1, int(np.isfinite(signals).any(axis=(0, 2)).sum()))
        ridge = np.concatenate([np.ones(k), [1e-3], np.full(s, RIDGE * drafts)])
        low = np.concatenate([np.full(k + 1, FREE), np.zeros(s)])
        w = fit_logistic(X, y, towards=np.zeros(k + 1 + s), ridge=ridge, low=low)
        self.weights = w[k + 1 :]
        said = z * self.sign @ self.weights
        self.level, self.slope = np.empty(k), np.empty(k)
        for own in range(k):
            rows = option == own
            own_X = np.column_stack([np.ones(rows.sum()), said[rows]])
            towards = np.array([w[own] + w[k], 1.0])
            self.level[own], self.slope[own] = fit_logistic(
                own_X, y[rows], towards=towards, ridge=np.array([1.0, RIDGE]), low=np.array([FREE, 0.0])
            )
        return self

    def predict(self, signals: Floats) -> Floats:
        """Return P(right), (n, k), of signals (n, k, s); NaN where all are missing."""
        from scipy.special import expit

        seen = np.isfinite(signals)
        z = np.where(seen, (np.nan_to_num(signals) - self.centre) / self.scale, 0.0)
        p = expit(self.level + self.slope * (z * self.sign @ self.weights))
        return np.where(seen.any(axis=2), p, np.nan)

    def state(self) -> State:
        """Return the complete state of the scorer."""
        return State({}, {name: getattr(self, name) for name in FITTED})

    @classmethod
    def from_state(cls, state: State) -> "Scorer":
        """Return the scorer of a state."""
        own = cls()
        for name in FITTED:
            setattr(own, name, state.arrays[name])
        return own
