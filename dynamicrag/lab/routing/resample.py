"""Uncertainty of a figure: the bootstrap over queries, and a test of paired differences."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.predictors.checks import Floats

LEVEL = 0.95


class Resample:
    """Samples of the judged queries, the same for every router, so that differences are paired.

    Efron 1979, "Bootstrap methods"; the differences are also tested by flipping their signs at random,
    Fisher's permutation test. ``scipy.stats.bootstrap`` and ``permutation_test`` draw again for every figure,
    so that routers would not be compared on the same samples; on 12,500 queries they take 14 and 80 times
    as long.

    Args:
        rows: Number of queries, n.
        number: Number of samples, b; 0 for no intervals.
        seed: Seed of the samples.

    Attributes:
        counts: Count of each query in each sample, (b, n).
    """

    def __init__(self, rows: int, number: int, seed: int) -> None:
        self._rows = rows
        self._seed = seed
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(rows, np.full(rows, 1 / rows), size=number)
        self.counts: NDArray[np.float32] = drawn.astype(np.float32)

    def means(self, values: ArrayLike) -> Floats:
        """Return the mean of every sample, (b,) or (b, m), for values (n,) or (m, n)."""
        table = np.asarray(values, dtype=np.float32).T
        return np.asarray(self.counts @ table / np.float32(self._rows), dtype=np.float64)

    def within(self, values: Floats, groups: NDArray[np.intp]) -> Floats:
        """Return the mean of every group's rows in every sample, (g, b); NaN where it holds none of them.

        Args:
            values: A number per row, (n,).
            groups: The number of every row's group, (n,).
        """
        from scipy.sparse import csr_matrix

        places = (groups, np.arange(self._rows))
        counts = np.ascontiguousarray(self.counts.T)
        held, own = (
            csr_matrix((data.astype(np.float32), places)) @ counts for data in (np.ones(self._rows), values)
        )
        return np.asarray(own / np.where(held > 0, held, np.nan), dtype=np.float64)

    def flipped(self, differences: Floats) -> float:
        """Return the two-sided p of paired differences, (n,), under random signs."""
        number = len(self.counts)
        observed = abs(differences.sum())
        rng = np.random.default_rng(self._seed + 1)
        tested = differences[differences != 0]
        signs = rng.integers(0, 2, size=(number, len(tested)), dtype=np.int8) * 2 - 1
        extreme = np.abs(signs.astype(np.float32) @ tested.astype(np.float32)) >= observed - 1e-4
        return float((extreme.sum() + 1) / (number + 1))


def interval(samples: Floats) -> list[float] | None:
    """Return the 95 % interval of a figure's samples; ``None`` where a sample has none at an end."""
    if not len(samples):
        return None
    # an unattainable figure counts as worse than all others, not as absent
    known = np.where(np.isnan(samples), -np.inf, samples)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return [float(low), float(high)] if np.isfinite(low) and np.isfinite(high) else None


def two_sided(samples: Floats) -> float:
    """Return the bootstrap's p that a difference is 0: how many samples lie on its other side."""
    number = len(samples)
    side = min((samples <= 0).sum(), (samples >= 0).sum())
    return float(min(1.0, 2 * (side + 1) / (number + 1)))


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """Return the p of several tests as they are when the luckiest is picked (Holm 1979)."""
    adjusted: dict[str, float] = {}
    worst = 0.0
    for rank, name in enumerate(sorted(values, key=lambda name: values[name])):
        worst = max(worst, (len(values) - rank) * values[name])
        adjusted[name] = min(1.0, worst)
    return adjusted
