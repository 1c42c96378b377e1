"""The number of queries that a learner needs after a change."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.routing.resample import interval
from dynamicrag.lab.simulate.figures import Seeds
from dynamicrag.lab.simulate.results import AfterChange
from dynamicrag.lab.simulate.timeline import Timeline
from dynamicrag.predictors.checks import Floats

TOLERANCE = 0.02
"""Utility per query by which a learner that has recovered may lie below the best fixed option."""
FOLLOWING = 50
"""Queries that must follow a recovery, at most a quarter of those after the change."""


def recovery(lines: Sequence[Timeline], own: Floats, seeds: Seeds) -> AfterChange:
    """Return the recovery of a learner; see :class:`~.results.AfterChange`.

    Args:
        lines: The stream of each seed.
        own: The learner's utility, (s, n).
        seeds: Samples of the seeds.
    """
    marks = np.array([sorted(line.marks) or [0] for line in lines])
    # of changes at the same time in a stream, the last one counts
    marks = marks[:, np.append((np.diff(marks, axis=1) > 0).all(axis=0), True)]
    ends = np.column_stack([marks[:, 1:], [len(line) for line in lines]])
    least = int((ends - marks).min())
    lost, utility, fixed = [], [], []
    for mark, end in zip(marks.T, ends.T, strict=True):
        spans = zip(lines, mark, end, strict=True)
        best = np.stack([line.utility[at:to, line.best(at, to)][:least] for line, at, to in spans])
        mine = np.stack([row[start : start + least] for row, start in zip(own, mark, strict=True)])
        lost.append(np.cumsum(best - mine - TOLERANCE, axis=1))
        utility.append(mine.mean())
        fixed.append(best.mean())
    found = np.array([_recovered(part.mean(axis=0)[None]) for part in lost])[:, 0]
    sampled = np.array([_recovered(seeds.counts @ part) for part in lost]).mean(axis=0)
    known = np.isfinite(found)
    return AfterChange(
        queries=float(found.mean()) if known.all() else None,
        interval=interval(sampled) if len(lines) > 1 and np.isfinite(sampled).all() else None,
        recovered=float(known.mean()),
        utility=float(np.mean(utility)),
        best_fixed=float(np.mean(fixed)),
        tolerance=TOLERANCE,
    )


def _recovered(lost: Floats) -> Floats:
    """Return the time at which the loss since the change is largest, (b,); infinite if it goes on growing.

    Args:
        lost: The sum of the losses beyond the tolerance up to each query, (b, m).
    """
    worst = np.pad(lost, ((0, 0), (1, 0))).argmax(axis=1)
    length = lost.shape[1]
    return np.where(worst <= length - min(FOLLOWING, length // 4), worst, np.inf)
