"""Figures of a policy from its replays: its curves over cost and over the share escalated, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.lab.cascade.comparisons import unanswered
from dynamicrag.lab.cascade.replays import Replays
from dynamicrag.lab.cascade.results import AtShare, Best, Chosen, EscalationPoint, Figures
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

SHARES = (0.1, 0.2, 0.31, 0.4, 0.5)
"""Shares escalated at which quality is reported; .31 is that of Mixture of Thought's published figure."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The baselines of policies.

    Attributes:
        trials: The test data.
        single: The option that was best in training, (n,).
        resample: Samples of the queries.
        at: Costs at which quality is reported.
    """

    trials: Trials
    single: NDArray[np.intp]
    resample: Resample
    at: Sequence[float]

    @property
    def reach(self) -> tuple[float, float]:
        """Mean costs of the cheapest and the most expensive option."""
        means = self.trials.cost.mean(axis=0)
        return float(means.min()), float(means.max())

    def figures(self, replays: Replays) -> Figures:
        """Return the figures of a policy or baseline."""
        quality, cost, accepted = replays.played.quality, replays.played.cost, replays.played.accepted
        escalated = self._escalated(replays.played.tried)
        abstained = accepted == ABSTAIN
        rows, chosen = np.arange(len(self.trials)), replays.chosen
        means, resample = self.resample.means, self.resample
        q, c, s = (table.mean(axis=1) for table in (quality, cost, escalated))
        curve, shares = Curve.of(c, q), Curve.of(s, q)
        sampled_q, sampled_c, sampled_s = means(quality), means(cost), means(escalated)
        curves = [Curve.of(*pair) for pair in zip(sampled_c, sampled_q, strict=True)]
        share_curves = [Curve.of(*pair) for pair in zip(sampled_s, sampled_q, strict=True)]
        single_q, single_c = (t[rows, self.single] for t in (self.trials.quality, self.trials.cost))
        singles = zip(curves, means(single_q), means(single_c), strict=True)
        gain = quality[chosen, rows] - single_q
        best = int(np.lexsort((c, -q))[0])
        return Figures(
            chosen=Chosen(
                quality=float(quality[chosen, rows].mean()),
                cost=float(cost[chosen, rows].mean()),
                escalated=float(escalated[chosen, rows].mean()),
                abstained=float(abstained[chosen, rows].mean()),
                gain=float(gain.mean()),
                intervals={
                    "quality": interval(means(quality[chosen, rows])),
                    "cost": interval(means(cost[chosen, rows])),
                    "gain": interval(means(gain)),
                },
                p_permutation=resample.flipped(gain) if len(resample.counts) else None,
            ),
            best=Best(q[best], c[best], s[best]),
            saving=curve.saving(float(single_q.mean()), float(single_c.mean())),
            quality_at_best_single_cost=curve.quality_at(float(single_c.mean())),
            area=curve.area(*self.reach),
            quality_at={f"{price:g}": curve.quality_at(price) for price in self.at},
            quality_at_share={
                f"{share:g}": AtShare(
                    shares.quality_at(share),
                    float(np.interp(shares.quality_at(share), curve.quality, curve.cost)),
                    interval(np.array([own.quality_at(share) for own in share_curves])),
                )
                for share in SHARES
                if s.max() > s.min()
            },
            intervals={
                "saving": interval(np.array([own.saving(*single) for own, *single in singles])),
                "area": interval(np.array([own.area(*self.reach) for own in curves])),
            },
            curve=[
                EscalationPoint(*point)
                for point in zip(replays.lam, c, q, s, abstained.mean(axis=1), strict=True)
            ],
            unanswerable=unanswered(self.trials, accepted[chosen, rows], resample),
        )

    def _escalated(self, tried: NDArray[np.bool_]) -> Floats:
        strong = self.trials.strong
        found = tried[..., strong].any(axis=-1) if strong.any() else tried.sum(axis=-1) > 1
        return np.asarray(found, dtype=np.float64)
