"""Conformal sets of candidates that may be right, at a chosen error rate."""

from typing import Self

import numpy as np

from dynamicrag.escalation.beliefs import Marks
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State


class Conformal:
    """Split conformal prediction over options or answers.

    CP-Router (Su et al. 2025, arXiv 2505.19970): a candidate's nonconformity is 1 minus its probability, and
    a set has all candidates below the calibration rows' quantile. For exchangeable queries with a right
    candidate, the set contains one with probability of at least 1 − α, even if the probabilities are bad. A
    set of one is a draft to accept; a larger one a query to escalate.
    """

    def fit(self, p: Floats, right: Marks) -> Self:
        """Calibrate.

        Args:
            p: Probability of each candidate, NaN for missing candidates, (n, m).
            right: Whether each is right, (n, m). Rows without a right candidate are left out.
        """
        solved = (right & np.isfinite(p)).any(axis=1)
        best = np.where(right & np.isfinite(p), p, -np.inf)[solved].max(axis=1, initial=-np.inf)
        self.off: Floats = np.sort(1.0 - best)
        return self

    def threshold(self, alpha: float) -> float:
        """Return the largest nonconformity in a set; infinite if there are too few rows for ``alpha``."""
        rank = int(np.ceil((len(self.off) + 1) * (1 - alpha)))
        return float(self.off[rank - 1]) if 0 < rank <= len(self.off) else np.inf

    def sets(self, p: Floats, alpha: float) -> Marks:
        """Return whether each candidate is in the set, (n, m)."""
        return np.asarray(np.isfinite(p) & (1.0 - np.nan_to_num(p) <= self.threshold(alpha) + 1e-12))

    def state(self) -> State:
        """Return the complete state."""
        return State({}, {"off": self.off})

    @classmethod
    def from_state(cls, state: State) -> "Conformal":
        """Return the object of a state."""
        own = cls()
        own.off = state.arrays["off"]
        return own
