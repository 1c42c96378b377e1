"""The value of each option beside the others, and the options that could go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.results import FLAT, OPTIONAL, Interval
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.path import walk
from dynamicrag.lab.routing.resample import Resample, interval
from dynamicrag.predictors.checks import Floats

RIGHT = 0.5
"""Quality from which an option is right, and by more than which the only right one exceeds all others."""
ALL = 10
"""Most options whose subsets are all tried; with more, subsets grow by the best addition."""
LOSS = 0.01
"""Negligible loss of mean quality: an option can go if the interval of its loss ends below."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of quality without some options, by the oracle and as routed, and the cost of the rest."""

    oracle_loss: float
    routed_loss: float
    routed_cost: float
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class OptionResult:
    """An option by itself, the shares of queries that it alone serves, and the loss without it."""

    quality: float
    cost: float
    only_right: float
    strictly_best: float
    loss: Loss | None = field(default=None, metadata={FLAT: True})


@dataclass(frozen=True, slots=True)
class Subset:
    """The best options of a number, and the quality of the oracle over them."""

    options: Sequence[str]
    oracle: float


@dataclass(frozen=True, slots=True)
class Removable:
    """Options that could go together, and the loss without them; ``curve_loss`` is the most at any price."""

    options: Sequence[str]
    loss: Loss | None = field(default=None, metadata={FLAT: True})
    curve_loss: float | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Complementarity:
    """The value of each option beside the others.

    ``overlap`` is by pair: the queries on which both are right, as a share of those on which either is.
    ``none_right`` is the share of queries on which no option is. ``subsets`` are the best options of every
    number, by the oracle over them; ``could_go`` the options that could go *together*.
    """

    options: Mapping[str, OptionResult]
    overlap: Mapping[str, Mapping[str, float | None]]
    none_right: float
    subsets: Sequence[Subset]
    could_go: Removable


def complementarity(
    options: Sequence[str], quality: Floats, cost: Floats, mean: Floats, expected: Floats, resample: Resample
) -> Complementarity:
    """Return the value of each option beside the others.

    Args:
        options: Their names.
        quality: Realised, (n, k).
        cost: Realised, (n, k).
        mean: Quality that a router predicts, (n, k); it also chooses among fewer options.
        expected: Expected cost, (n, k).
        resample: Samples of the queries.
    """
    loss = _Losses(quality, cost, mean, expected, resample)
    everything = tuple(range(len(options)))
    right = quality >= RIGHT
    alone: dict[str, OptionResult] = {}
    for k, name in enumerate(options):
        others = np.delete(quality, k, axis=1).max(axis=1, initial=0.0)
        alone[name] = OptionResult(
            quality=quality[:, k].mean(),
            cost=cost[:, k].mean(),
            only_right=(quality[:, k] - others > RIGHT).mean(),
            strictly_best=(quality[:, k] > others + 1e-9).mean(),
            loss=loss.of([o for o in everything if o != k]) if len(options) > 1 else None,
        )
    overlap: dict[str, dict[str, float | None]] = {}
    for a, b in combinations(everything, 2):
        either = (right[:, a] | right[:, b]).mean()
        both = float((right[:, a] & right[:, b]).mean() / either) if either else None
        overlap.setdefault(options[a], {})[options[b]] = both
    return Complementarity(
        options=alone,
        overlap=overlap,
        none_right=(~right.any(axis=1)).mean(),
        subsets=[
            Subset([options[k] for k in chosen], quality[:, list(chosen)].max(axis=1).mean())
            for chosen in _subsets(quality)
        ],
        could_go=_could_go(options, loss),
    )


class _Losses:
    def __init__(
        self, quality: Floats, cost: Floats, mean: Floats, expected: Floats, resample: Resample
    ) -> None:
        self.quality, self.cost, self.resample = quality, cost, resample
        self.mean, self.expected = mean, expected
        self.oracle = quality.max(axis=1)
        everything = range(quality.shape[1])
        self.routed, self.paid = self._route(everything)
        self.curve = self._curve(everything)

    def _route(self, kept: Sequence[int]) -> tuple[Floats, Floats]:
        columns = np.array(kept, dtype=np.intp)
        index: NDArray[np.intp] = columns[self.mean[:, columns].argmax(axis=1)]
        rows = np.arange(len(index))
        return self.quality[rows, index], self.cost[rows, index]

    def _curve(self, kept: Sequence[int]) -> Curve:
        columns = np.array(kept, dtype=np.intp)
        path = walk(self.mean[:, columns], self.expected[:, columns])
        return path.curve(self.cost[:, columns], self.quality[:, columns])

    def on_curve(self, kept: Sequence[int]) -> float:
        """Return the most that is lost at any price; infinite where these options cannot be as cheap."""
        curve = self._curve(kept)
        points = zip(self.curve.cost, self.curve.quality, strict=True)
        lost = [had - curve.quality_at(float(price)) for price, had in points]
        return float(np.nan_to_num(np.array(lost), nan=np.inf).max())

    def of(self, kept: Sequence[int]) -> Loss:
        """Return the loss with these options alone."""
        routed, paid = self._route(kept)
        oracle_loss = self.oracle - self.quality[:, list(kept)].max(axis=1)
        routed_loss = self.routed - routed
        return Loss(
            oracle_loss=oracle_loss.mean(),
            routed_loss=routed_loss.mean(),
            routed_cost=paid.mean() - self.paid.mean(),
            intervals={
                "oracle_loss": interval(self.resample.means(oracle_loss)),
                "routed_loss": interval(self.resample.means(routed_loss)),
            },
        )


def _could_go(options: Sequence[str], loss: _Losses) -> Removable:
    """Let options go one after the other, the least missed one first, while there is no loss."""
    kept = list(range(len(options)))
    gone: list[str] = []
    found = Removable([])
    means = loss.quality.mean(axis=0)
    open_ = set(kept)
    while open_ and len(kept) > 1:
        tried = {k: loss.of([o for o in kept if o != k]) for k in open_}
        missed = {k: own.oracle_loss + max(0.0, own.routed_loss) for k, own in tried.items()}
        least = min(tried, key=lambda k: (round(missed[k], 9), means[k]))
        ends = tried[least].intervals.values()
        if any(end is None or end[1] > LOSS for end in ends):
            break
        open_.remove(least)
        # an option that adds no quality may still hold the cheap end of the curve
        on_curve = loss.on_curve([o for o in kept if o != least])
        if on_curve <= LOSS:
            kept.remove(least)
            gone.append(options[least])
            found = Removable(gone, tried[least], on_curve)
    return found


def _subsets(quality: Floats) -> list[tuple[int, ...]]:
    """Return the best options of every number: all are tried, or the best addition to the last."""
    size = quality.shape[1]
    found: list[tuple[int, ...]] = []
    for number in range(1, size + 1):
        if size <= ALL:
            tried = list(combinations(range(size), number))
        else:
            last = found[-1] if found else ()
            tried = [(*last, k) for k in range(size) if k not in last]
        found.append(max(tried, key=lambda chosen: quality[:, list(chosen)].max(axis=1).mean()))
    return found
