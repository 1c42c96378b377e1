"""The figures of learners and baselines over all seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.routing.resample import interval
from dynamicrag.lab.simulate.baselines import FIXED, FOREST, ORACLE
from dynamicrag.lab.simulate.results import CurvePoint, Figure
from dynamicrag.predictors.checks import Floats

MARKS = (500, 1000, 1500)
"""Numbers of queries after which the share of the gap is given, besides all."""
POINTS = 50
"""Most points of a curve."""
SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Seeds:
    """Baselines on the streams of all seeds, and bootstrap samples of the seeds.

    Attributes:
        baselines: Utility at every time by name, (s, n).
        counts: Count of each seed in each sample, (b, s).
    """

    baselines: Mapping[str, Floats]
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, baselines: Mapping[str, Floats]) -> "Seeds":
        """Return the baselines with samples of their seeds."""
        number = len(baselines[FIXED])
        drawn = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), size=SAMPLES)
        return cls(baselines, drawn / number)

    def mean(self, values: Floats) -> Figure:
        """Return the mean over the seeds, from a value of each, (s,)."""
        return self.figure(values[None], lambda means: means[0])

    def figure(self, values: Floats, of: Callable[[Floats], Floats]) -> Figure:
        """Return a figure of means over the seeds.

        Args:
            values: Values per seed, (m, s).
            of: From means, (m, ...), to the figure; NaN where it cannot be stated.
        """
        found = float(of(values.mean(axis=1)[:, None])[0])
        sampled = of(values @ self.counts.T)
        alone = values.shape[1] < 2
        return Figure(found if np.isfinite(found) else None, None if alone else interval(sampled))

    def share(self, own: Floats, start: int, end: int) -> Figure:
        """Return the share of the gap from the best fixed option to the forest, from a time to another."""
        three = (own, self.baselines[FIXED], self.baselines[FOREST])
        sums = [each[:, start:end].sum(axis=1) for each in three]
        return self.figure(np.array(sums), _share)

    def shares(self, own: Floats) -> tuple[dict[str, Figure], dict[str, Figure]]:
        """Return the shares since the start, and since the mark before, by the number of queries."""
        length = own.shape[1]
        ends = {str(mark): mark for mark in MARKS if mark < length} | {"all": length}
        starts = [0, *ends.values()]
        whole = {name: self.share(own, 0, end) for name, end in ends.items()}
        recent = {
            name: self.share(own, start, end)
            for start, (name, end) in zip(starts, ends.items(), strict=False)
        }
        return whole, recent

    def gain(self, own: Floats, start: int = 0) -> Figure:
        """Return the utility above the best fixed option's, per query, from a time on."""
        return self.mean((own - self.baselines[FIXED])[:, start:].mean(axis=1))

    def curve(self, own: Floats) -> Sequence[CurvePoint]:
        """Return mean utility and regret up to some fifty numbers of queries."""
        length = own.shape[1]
        ends = np.unique(np.linspace(1, length, min(POINTS, length)).astype(int))
        utility = own.cumsum(axis=1).mean(axis=0)
        regret = self.baselines[ORACLE].cumsum(axis=1).mean(axis=0) - utility
        return [CurvePoint(int(end), utility[end - 1] / end, regret[end - 1]) for end in ends]


def _share(sums: Floats) -> Floats:
    own, fixed, forest = sums
    gap = forest - fixed
    return np.asarray((own - fixed) / np.where(gap > 0, gap, np.nan))
