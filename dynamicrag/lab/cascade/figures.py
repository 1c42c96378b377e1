"""What a policy's replays came to: curves over cost and over the share escalated, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.replay import Played
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.cascade.unanswered import unanswered
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

SHARES = (0.1, 0.2, 0.31, 0.4, 0.5)
"""Shares escalated at which quality is told; .31 is that of Mixture of thought's published figure."""
Figures = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What policies are measured against.

    Attributes:
        trials: What is judged by.
        single: The option that was best in what was learnt from, (n,).
        resample: Samples of the queries.
        at: Costs at which quality is asked for.
        dearest: Options whose mean cost ends the range of costs.
    """

    trials: Trials
    single: NDArray[np.intp]
    resample: Resample
    at: Sequence[float]
    dearest: Sequence[int]

    @cached_property
    def _single(self) -> tuple[Floats, Floats]:
        rows = np.arange(len(self.trials))
        return self.trials.quality[rows, self.single], self.trials.cost[rows, self.single]

    @property
    def low(self) -> float:
        """Mean cost of the cheapest option."""
        return float(self.trials.cost.mean(axis=0).min())

    @property
    def high(self) -> float:
        """Mean cost of the dearest option."""
        return float(self.trials.cost.mean(axis=0).max())

    def fixed(self, lam: Floats, index: Sequence[NDArray[np.intp]], chosen: NDArray[np.intp]) -> Figures:
        """Return the figures of options that are picked beforehand, one a query, for every λ."""
        rows = np.arange(len(self.trials))
        played = []
        for own in index:
            tried = np.zeros(self.trials.quality.shape, dtype=bool)
            tried[rows, own] = True
            played.append(
                Played(own, own, tried, self.trials.quality[rows, own], self.trials.cost[rows, own])
            )
        return self.policy(lam, played, chosen)

    def policy(self, lam: Floats, played: Sequence[Played], chosen: NDArray[np.intp]) -> Figures:
        """Return the figures of a policy.

        The keys are in :mod:`dynamicrag.lab.cascade.evaluate`.

        Args:
            lam: The λ, (m,).
            played: What it came to at each.
            chosen: Which of them is taken, by what was learnt from, (n,).
        """
        quality, cost = (np.stack([getattr(own, name) for own in played]) for name in ("quality", "cost"))
        escalated = np.stack([self._escalated(own) for own in played]).astype(np.float64)
        abstained = np.stack([own.accepted == ABSTAIN for own in played])
        q, c, s = (table.mean(axis=1) for table in (quality, cost, escalated))
        rows = np.arange(len(self.trials))
        curve, shares = Curve.of(c, q), Curve.of(s, q)
        bq, bc, bs = (self.resample.means(table) for table in (quality, cost, escalated))
        single_q, single_c = self._single
        gain = quality[chosen, rows] - single_q
        best = int(np.lexsort((c, -q))[0])
        accepted = np.stack([own.accepted for own in played])[chosen, rows]
        own: Figures = {
            "chosen": {
                "quality": quality[chosen, rows].mean(),
                "cost": cost[chosen, rows].mean(),
                "escalated": escalated[chosen, rows].mean(),
                "abstained": (accepted == ABSTAIN).mean(),
                "gain": gain.mean(),
                "intervals": {
                    "quality": interval(self.resample.means(quality[chosen, rows])),
                    "cost": interval(self.resample.means(cost[chosen, rows])),
                    "gain": interval(self.resample.means(gain)),
                },
            },
            "best": {"quality": q[best], "cost": c[best], "escalated": s[best]},
            "saving": _saved(curve, single_q.mean(), single_c.mean()),
            "quality_at_best_single_cost": curve.quality_at(float(single_c.mean())),
            "area": curve.area(self.low, self.high),
            "quality_at": {f"{price:g}": curve.quality_at(price) for price in self.at},
            "quality_at_share": {
                f"{share:g}": {
                    "quality": shares.quality_at(share),
                    "cost": float(np.interp(shares.quality_at(share), curve.quality, curve.cost)),
                    "interval": interval(
                        np.array([Curve.of(x, y).quality_at(share) for x, y in zip(bs, bq, strict=True)])
                    ),
                }
                for share in SHARES
                if s.max() > s.min()
            },
            "intervals": {
                "saving": interval(
                    np.array(
                        [
                            _saved(Curve.of(x, y), z, w)
                            for x, y, z, w in zip(
                                bc,
                                bq,
                                self.resample.means(single_q),
                                self.resample.means(single_c),
                                strict=True,
                            )
                        ]
                    )
                ),
                "area": interval(
                    np.array([Curve.of(x, y).area(self.low, self.high) for x, y in zip(bc, bq, strict=True)])
                ),
            },
            "curve": [
                {"lambda": one, "cost": x, "quality": y, "escalated": z, "abstained": a}
                for one, x, y, z, a in zip(lam, c, q, s, abstained.mean(axis=1), strict=True)
            ],
        }
        own["unanswerable"] = unanswered(self.trials, accepted, self.resample)
        if len(self.resample.counts):
            own["chosen"]["p_permutation"] = self.resample.flipped(gain)
        return own

    def _escalated(self, played: Played) -> NDArray[np.bool_]:
        if self.trials.strong.any():
            return np.asarray(played.tried[:, self.trials.strong].any(axis=1))
        return np.asarray(played.tried.sum(axis=1) > 1)


def _saved(curve: Curve, quality: float, cost: float) -> float:
    """Return what share of ``cost`` is saved at ``quality``."""
    return 1 - curve.cost_at(float(quality)) / cost if cost > 0 else float("nan")
