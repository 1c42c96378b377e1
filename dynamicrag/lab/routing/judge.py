"""The figures of a router's choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.results import CurvePoint, Interval
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.pair import Ranking, apgr, cpt
from dynamicrag.lab.routing.path import Path
from dynamicrag.lab.routing.resample import Resample, interval, two_sided
from dynamicrag.lab.routing.results import (
    GroupResult,
    Intervals,
    LabelFigures,
    PairFigures,
    PairIntervals,
    RouterResult,
    Tests,
)
from dynamicrag.predictors.checks import Floats

TIE = 1e-9
POINT = 0.01
"""Quality that ``saving_within_point`` gives up."""


@dataclass(frozen=True)
class Yardstick:
    """Every option's outcomes on the judged queries, and the baselines of a router.

    Attributes:
        options: Names, weakest first.
        groups: Every query's group.
        quality: Realised, (n, k).
        cost: Realised, (n, k).
        single: The option that was best on average in the training data, (n,).
        resample: Samples of the queries.
        at: Costs at which quality is asked for.
        labels: Whether quality is a label.
    """

    options: Sequence[str]
    groups: Sequence[str]
    quality: Floats
    cost: Floats
    single: NDArray[np.intp]
    resample: Resample
    at: Sequence[float] = ()
    labels: bool = False

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """Every row's number."""
        return np.arange(len(self.quality))

    @cached_property
    def single_quality(self) -> Floats:
        """Quality of the best single option, (n,)."""
        return self.quality[self.rows, self.single]

    @cached_property
    def single_cost(self) -> Floats:
        """Cost of the best single option, (n,)."""
        return self.cost[self.rows, self.single]

    @cached_property
    def oracle_quality(self) -> Floats:
        """The best that any option gave, (n,)."""
        return np.asarray(self.quality.max(axis=1))

    @cached_property
    def best(self) -> NDArray[np.bool_]:
        """Whether each option is as good as the best, (n, k)."""
        return np.asarray(self.quality >= self.quality.max(axis=1, keepdims=True) - TIE)

    @cached_property
    def range(self) -> tuple[float, float]:
        """Mean cost of the cheapest option and of the most expensive."""
        means = self.cost.mean(axis=0)
        return float(means.min()), float(means.max())

    def judge(self, path: Path) -> RouterResult:
        """Return the figures of a router's λ path; they are of λ = 0 unless they say otherwise."""
        quality, cost = path.of(self.quality), path.of(self.cost)
        mean_q, mean_c = quality.mean(axis=1), cost.mean(axis=1)
        curve = Curve.of(mean_c, mean_q)
        target, spent = float(self.single_quality.mean()), float(self.single_cost.mean())
        gain = quality[0] - self.single_quality
        samples_q = self.resample.means(quality)
        sampled_gain = samples_q[:, 0] - self.resample.means(self.single_quality)
        return RouterResult(
            quality=mean_q[0],
            cost=mean_c[0],
            gain=gain.mean(),
            gap_closed=float(_ratio(gain.mean(), self.oracle_quality.mean() - target)),
            saving=curve.saving(target, spent),
            saving_within_point=curve.saving(target - POINT, spent),
            cost_at_best_single_quality=curve.cost_at(target),
            quality_at_best_single_cost=curve.quality_at(spent),
            area=curve.area(*self.range),
            quality_at={f"{price:g}": curve.quality_at(price) for price in self.at},
            intervals=self._intervals(samples_q, self.resample.means(cost), path),
            curve=[CurvePoint(*point) for point in zip(path.lam, mean_c, mean_q, strict=True)],
            groups=self._groups(quality[0], cost[0]),
            tests=Tests(two_sided(sampled_gain), self.resample.flipped(gain)) if len(samples_q) else None,
            **self._choices(path.index[0]),
        )

    def _intervals(self, quality: Floats, cost: Floats, path: Path) -> Intervals:
        """Return the intervals by the samples' mean qualities and costs along the path, each (b, m)."""
        curves = [Curve.of(c, q) for c, q in zip(cost, quality, strict=True)]
        single_q = self.resample.means(self.single_quality)
        single_c = self.resample.means(self.single_cost)
        gain = quality[:, 0] - single_q

        def saving(less: float) -> Interval:
            each = zip(curves, single_q - less, single_c, strict=True)
            return interval(np.array([curve.saving(q, c) for curve, q, c in each]))

        return Intervals(
            quality=interval(quality[:, 0]),
            cost=interval(cost[:, 0]),
            gain=interval(gain),
            gap_closed=interval(_ratio(gain, self.resample.means(self.oracle_quality) - single_q)),
            saving=saving(0.0),
            saving_within_point=saving(POINT),
            area=interval(np.array([one.area(*self.range) for one in curves])),
            routing_accuracy=interval(self.resample.means(self._right(path.index[0]))),
            quality_at={
                f"{price:g}": interval(np.array([one.quality_at(price) for one in curves]))
                for price in self.at
            },
        )

    def with_pair(self, result: RouterResult, mean: Floats, weak: int, strong: int) -> RouterResult:
        """Return a result with RouteLLM's figures of the predictions, (n, 2)."""
        ranking = Ranking.of(mean[:, strong] - mean[:, weak])
        sides = self.quality[:, weak], self.quality[:, strong]
        recovered = ranking.recovered(*sides)
        samples = ranking.recovered(*sides, self.resample.counts)
        shares = (interval(np.array([cpt(own, wanted) for own in samples])) for wanted in (0.5, 0.8))
        return replace(
            result,
            pair=PairFigures(
                float(apgr(recovered)), cpt(recovered, 0.5), cpt(recovered, 0.8), recovered.tolist()
            ),
            intervals=replace(result.intervals, pair=PairIntervals(interval(apgr(samples)), *shares)),
        )

    def _choices(self, index: NDArray[np.intp]) -> dict[str, Any]:
        """Return the chosen options and the options that had been right."""
        size = len(self.options)
        right = self._right(index)
        # where several options are best, the chosen one counts if it is among them, else the cheapest
        ideal = np.where(right, index, np.where(self.best, self.cost, np.inf).argmin(axis=1))
        table = np.zeros((size, size), dtype=int)
        np.add.at(table, (index, ideal), 1)
        labels = None
        if self.labels:
            of_each = [right[self.best[:, k]].mean() for k in range(size) if self.best[:, k].any()]
            labels = LabelFigures(right.mean(), float(np.mean(of_each)))
        return {
            "routing_accuracy": right.mean(),
            "calls": dict(zip(self.options, np.bincount(index, minlength=size) / len(index), strict=True)),
            "confusion": {
                chosen: dict(zip(self.options, map(int, row), strict=True))
                for chosen, row in zip(self.options, table, strict=True)
            },
            "labels": labels,
        }

    def _right(self, index: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return whether a best option was chosen, (n,)."""
        return np.asarray(self.best[self.rows, index])

    @cached_property
    def _group(self) -> tuple[Sequence[str], NDArray[np.intp]]:
        """The names of the groups, and the number of every query's group, (n,)."""
        names = list(dict.fromkeys(self.groups))
        number = {name: place for place, name in enumerate(names)}
        return names, np.array([number[name] for name in self.groups], dtype=np.intp)

    def _groups(self, quality: Floats, cost: Floats) -> Mapping[str, GroupResult]:
        names, of = self._group
        if names == [""]:
            return {}
        size = np.bincount(of)
        columns = [quality, cost, self.single_quality, self.oracle_quality]
        means = np.stack([np.bincount(of, column) / size for column in columns], axis=1)
        samples = self.resample.within(quality, of)
        return {
            name: GroupResult(
                queries=int(size[g]),
                quality=means[g, 0],
                interval=interval(samples[g][~np.isnan(samples[g])]),
                cost=means[g, 1],
                best_single=means[g, 2],
                oracle=means[g, 3],
            )
            for g, name in enumerate(names)
        }


def _ratio(part: Any, whole: Any) -> Any:
    """Return a share of the whole; NaN where there is no whole."""
    return np.asarray(part) / np.where(np.asarray(whole) > TIE, whole, np.nan)
