"""Figures of a judgement with their 95 % intervals over questions."""

from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

SAMPLES = 2000


def with_ends(value: float, samples: Floats) -> list[float]:
    """Return a figure and the ends of its interval, if its samples give one."""
    return [float(value), *(interval(samples) or [])]


def mean_gain(gain: Floats) -> list[float]:
    """Return the mean of paired differences, (n,), with its interval."""
    return with_ends(float(gain.mean()), Resample(len(gain), SAMPLES, 0).means(gain))


def drawn_rows(rows: int) -> list[np.ndarray]:
    """Return bootstrap samples of row numbers, each (rows,)."""
    generator = np.random.default_rng(0)
    return [generator.integers(0, rows, rows) for _ in range(SAMPLES)]


def signed(figures: Sequence[float]) -> str:
    """Return a difference with its interval, ``+0.061 [+0.049, +0.073]``."""
    middle, *ends = figures
    return f"{middle:+.3f}" + (f" [{ends[0]:+.3f}, {ends[1]:+.3f}]" if ends else "")
