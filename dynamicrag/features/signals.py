"""Named signals as features."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Features, Seen
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State


class SignalFeatures(Features):
    """Signals by name, without those that no training query has.

    A missing signal counts as the mean of the training queries, with a flag if any training query lacked it.

    Attributes:
        wanted: The names, in order.
        kept: Names present in training queries.
        means: Their means, (s,).
        gaps: Whether a training query lacked each of them, (s,).
    """

    reads_text = False
    wanted: Sequence[str]
    fitted = ("means", "gaps")

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.means: Floats = np.empty(0)
        self.gaps: NDArray[np.bool_] = np.empty(0, dtype=bool)

    @property
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""
        lacking = [name for name, gap in zip(self.kept, self.gaps, strict=True) if gap]
        return [*self.kept, *(f"{name}_missing" for name in lacking)]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Find the present signals, their means, and those with gaps."""
        signals = [query.signals for query in queries]
        self.kept = [name for name in self.wanted if any(_has(own, name) for own in signals)]
        table = self._table(queries)
        self.means = np.asarray(np.nanmean(table, axis=0))
        self.gaps = np.asarray(np.isnan(table).any(axis=0))
        return self

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d)."""
        table = self._table(queries)
        lacking = np.isnan(table)
        return np.hstack([np.where(lacking, self.means, table), lacking[:, self.gaps]])

    def _table(self, queries: Sequence[Seen]) -> Floats:
        rows = [
            [query.signals[name] if _has(query.signals, name) else np.nan for name in self.kept]
            for query in queries
        ]
        return np.array(rows, dtype=np.float64).reshape(len(queries), len(self.kept))

    def pack(self) -> State:
        """Return the fitted state."""
        return State({"kept": self.kept}, super().pack().arrays)

    def unpack(self, state: State) -> None:
        """Restore the state from :meth:`pack`."""
        super().unpack(state)
        self.kept = list(map(str, state.meta["kept"]))


def _has(signals: Mapping[str, float], name: str) -> bool:
    return name in signals and bool(np.isfinite(signals[name]))
