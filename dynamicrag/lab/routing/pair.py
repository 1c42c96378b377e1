"""Two options, a weak and a strong one: what RouteLLM measures (Ong et al. 2024, arXiv 2406.18665).

Queries are ranked by the predicted gain of the strong option over the weak one; costs play no part.
The performance gap recovered, PGR, is the part of the way from the weak option's mean quality to the
strong one's; it is taken with the strong option called for 0, 10, … 100 % of the queries. APGR is the area
under it by the trapezoid rule, .5 for a random ranking; CPT(x) is the least share of strong calls with
which PGR reaches x, on straight lines between the tenths.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.checks import Floats

SHARES = np.linspace(0, 1, 11)
MOST = 2000
"""Most places of a ranking at which the samples' sums are taken; they are joined by straight lines."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Queries in order of predicted gain; those that tie are taken together, as a random order would.

    Attributes:
        order: Their rows, (n,).
        ends: Number of queries up to the end of every tie, (t,).
    """

    order: NDArray[np.intp]
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, gain: Floats) -> "Ranking":
        """Return the ranking by predicted gain, (n,)."""
        order = np.argsort(-gain, kind="stable")
        drops = np.flatnonzero(np.diff(gain[order]) < 0)
        return cls(order, np.append(drops + 1, len(gain)))

    def recovered(self, weak: Floats, strong: Floats, counts: NDArray[np.float32] | None = None) -> Floats:
        """Return the PGR at :data:`SHARES`, (11,), or (b, 11) in samples; NaN without a gap.

        Args:
            weak: Realised quality of the weak option, (n,).
            strong: Of the strong one, (n,).
            counts: Count of each query in each sample, (b, n).
        """
        times = np.ones((1, len(weak)), dtype=np.float32) if counts is None else counts
        times = times[:, self.order]
        gain = (strong - weak)[self.order].astype(np.float32)
        ends = self.ends if counts is None else self.ends[:: -(-len(self.ends) // MOST)]
        begins = np.append(0, ends[ends < len(gain)])
        taken = np.add.reduceat(times, begins, axis=1).cumsum(axis=1, dtype=np.float64)
        won = np.add.reduceat(times * gain, begins, axis=1).cumsum(axis=1, dtype=np.float64)
        zero = np.zeros((len(times), 1))
        taken, won = np.hstack([zero, taken]), np.hstack([zero, won])
        at = [np.interp(SHARES * x[-1], x, y) for x, y in zip(taken, won, strict=True)]
        gap = won[:, -1:]
        result = np.reshape(at, (len(times), len(SHARES))) / np.where(gap > 1e-9, gap, np.nan)
        return result[0] if counts is None else result


def apgr(recovered: Floats) -> Floats:
    """Return the area under PGR at :data:`SHARES`, over the last axis."""
    return np.asarray(np.trapezoid(recovered, SHARES, axis=-1))


def cpt(recovered: Floats, wanted: float) -> float:
    """Return the least share of strong calls with which PGR, (11,), reaches ``wanted``."""
    if np.isnan(recovered).any():
        return float("nan")
    first = int(np.argmax(recovered >= wanted - 1e-12))  # all of them strong reach 1, so there is one
    if first == 0:
        return 0.0
    low, high = recovered[first - 1 : first + 1]
    share = SHARES[first - 1] + (SHARES[first] - SHARES[first - 1]) * (wanted - low) / (high - low)
    return float(share)
