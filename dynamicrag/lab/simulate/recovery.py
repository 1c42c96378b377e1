"""The number of queries that a learner needs after a change."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.routing.resample import interval
from dynamicrag.lab.simulate.figures import Seeds
from dynamicrag.lab.simulate.results import AfterChange
from dynamicrag.lab.simulate.timeline import Timeline
from dynamicrag.predictors.checks import Floats

WINDOW = 100
"""Queries over which utility is averaged, besides the seeds."""
TOLERANCE = 0.02
"""Utility by which a learner that has recovered may lie below the best fixed option."""


def recovery(lines: Sequence[Timeline], own: Floats, seeds: Seeds) -> AfterChange:
    """Return the recovery of a learner; see :class:`~.results.AfterChange`.

    Args:
        lines: The stream of each seed.
        own: The learner's utility, (s, n).
        seeds: Samples of the seeds.
    """
    marks = np.array([line.marks or (0,) for line in lines])
    ends = np.column_stack([marks[:, 1:], [len(line) for line in lines]])
    least = int((ends - marks).min())
    window = min(WINDOW, least)
    behind, utility, fixed = [], [], []
    for mark, end in zip(marks.T, ends.T, strict=True):
        best = np.stack([_best(line, *span) for line, *span in zip(lines, mark, end, strict=True)])
        mine = np.stack([row[start : start + least] for row, start in zip(own, mark, strict=True)])
        behind.append(_windows(mine - best[:, :least], window))
        utility.append(mine.mean())
        fixed.append(best[:, :least].mean())
    found = np.array([_first(part.mean(axis=0)[None]) for part in behind])[:, 0]
    sampled = np.array([_first(seeds.counts @ part) for part in behind])
    known = np.isfinite(found)
    return AfterChange(
        queries=float(found[known].mean()) if known.all() else None,
        interval=interval(sampled.mean(axis=0)) if len(lines) > 1 else None,
        recovered=float(known.mean()),
        utility=float(np.mean(utility)),
        best_fixed=float(np.mean(fixed)),
        window=window,
        tolerance=TOLERANCE,
    )


def _best(line: Timeline, start: int, end: int) -> Floats:
    """Return the utility of the best fixed option of a part of a stream, at its times."""
    return np.asarray(line.utility[start:end, line.best(start, end)])


def _windows(values: Floats, window: int) -> Floats:
    """Return the mean over the window from each time on, (s, m)."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return np.asarray((sums[:, window:] - sums[:, :-window]) / window)


def _first(means: Floats) -> Floats:
    """Return the first time within the tolerance, (b,); infinite if there is none."""
    within = means >= -TOLERANCE
    return np.where(within.any(axis=1), within.argmax(axis=1), np.inf)
