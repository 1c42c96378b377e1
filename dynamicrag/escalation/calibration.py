"""Calibrates a verifier's signal to a probability of being right, on recorded outcomes."""

from typing import Literal, Self

import numpy as np

from dynamicrag.escalation.logistic import fit_logistic
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State

Kind = Literal["isotonic", "logistic"]
ENOUGH = 200
"""Number of outcomes from which isotonic regression is used; with fewer, a logistic curve is safer."""


class SignalCalibration:
    """Maps one signal, of any scale and either direction, to P(right).

    Isotonic regression (Zadrozny and Elkan 2002) or Platt's logistic curve (1999), both in the direction of
    the signal's overall correlation. Stored as points, with constant or linear interpolation.

    Args:
        kind: By default isotonic from :data:`ENOUGH` outcomes on, and logistic below.
    """

    def __init__(self, *, kind: Kind | None = None) -> None:
        self.kind = kind

    def fit(self, signal: Floats, right: Floats) -> Self:
        """Fit on signals, (m,), NaN where the verifier failed, and qualities from 0 to 1, (m,)."""
        seen = np.isfinite(signal) & np.isfinite(right)
        x, y = signal[seen], right[seen]
        if not len(x) or x.min() == x.max():
            self.at, self.p = np.zeros(1), np.full(1, y.mean() if len(y) else np.nan)
            return self
        kind = self.kind or ("isotonic" if len(x) >= ENOUGH else "logistic")
        self.at, self.p = (_isotonic if kind == "isotonic" else _logistic)(x, y)
        return self

    def predict(self, signal: Floats) -> Floats:
        """Return P(right), of any shape; NaN where the signal is."""
        return np.where(np.isfinite(signal), np.interp(np.nan_to_num(signal), self.at, self.p), np.nan)

    def state(self) -> State:
        """Return the complete state of the calibration."""
        return State({"kind": self.kind}, {"at": self.at, "p": self.p})

    @classmethod
    def from_state(cls, state: State) -> "SignalCalibration":
        """Return the calibration of a state."""
        own = cls(kind=state.meta["kind"])
        own.at, own.p = state.arrays["at"], state.arrays["p"]
        return own


def _isotonic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    rises = bool(np.cov(x, y)[0, 1] >= 0)
    fitted = IsotonicRegression(increasing=rises).fit(x, y)
    # a step with few outcomes is shrunk towards the mean, so that none is certain
    at, p = fitted.X_thresholds_, fitted.y_thresholds_
    return np.asarray(at, dtype=np.float64), np.clip(p, 1 / (len(x) + 2), 1 - 1 / (len(x) + 2))


def _logistic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    from scipy.special import expit

    scale = x.std()
    z = (x - x.mean()) / scale
    X = np.column_stack([np.ones_like(z), z])
    free = np.full(2, -np.inf)
    w = fit_logistic(X, y, towards=np.zeros(2), ridge=np.array([0.0, 1.0]), low=free)
    at = np.linspace(x.min(), x.max(), 65)
    return at, expit(w[0] + w[1] * (at - x.mean()) / scale)
