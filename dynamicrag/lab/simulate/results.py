"""Results of a simulation; the fields are the keys of ``--json``.

Utility is realised quality minus weighted realised cost, as a mean per query. Figures are means over the
seeds; intervals are of 95 %, by bootstrap over the seeds, so they hold the chance of orders, draws and
changes, and not that of other queries. The figures at the top are those of the middle weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.lab.results import FLAT, OPTIONAL, Interval, Result


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its interval; ``None`` where it cannot be stated."""

    value: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class AfterChange:
    """Recovery after the changes.

    The loss is the sum, from the change on, of the utility of the best fixed option after the change minus
    the learner's and minus ``tolerance`` per query, as a mean over the seeds. ``queries`` counts from the
    change to the largest loss: from there on, the learner is about as good as that option. It is a mean over
    the changes, and ``None`` if the loss grows until the next change or the end; ``recovered`` is the share
    of the changes with a recovery. ``utility`` and ``best_fixed`` are means from the change on. Without a
    change at a known time, all count from the start.
    """

    queries: float | None
    interval: Interval
    recovered: float
    utility: float
    best_fixed: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Figures up to a number of queries."""

    queries: int
    utility: float
    regret: float


@dataclass(frozen=True, slots=True)
class LearnerResult:
    """A learner.

    ``regret`` is the sum of the oracle's utility minus the learner's. ``gain`` is utility above the best
    fixed option's, per query, and ``last_half`` the same on the last half. ``share`` is the share of the gap
    from the best fixed option to the forest, by the number of queries since the start; ``recent`` the same
    over the queries since the number before. ``microseconds`` is the time to choose and learn.
    """

    utility: float
    interval: Interval
    quality: float
    cost: float
    regret: float
    gain: Figure
    last_half: Figure
    calls: Mapping[str, float]
    share: Mapping[str, Figure]
    recent: Mapping[str, Figure]
    curve: Sequence[CurvePoint]
    after_change: AfterChange | None
    microseconds: float


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A baseline; ``option`` is the best fixed option of most seeds."""

    utility: float
    regret: float
    curve: Sequence[CurvePoint]
    option: str | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Weighed:
    """Learners and baselines at one weight."""

    weight: float
    seeds: int
    learners: Mapping[str, LearnerResult]
    baselines: Mapping[str, BaselineResult]


@dataclass(frozen=True, slots=True)
class DataFacts:
    """The data and method of a simulation."""

    table: str
    queries: int
    options: Sequence[str]
    features: int
    cost: str | None
    start: str
    changes: Sequence[object]
    explore: object | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Simulation(Result):
    """A simulation; ``weights`` has the figures at the other weights, by their names."""

    data: DataFacts
    middle: Weighed = field(metadata={FLAT: True})
    weights: Mapping[str, Weighed]
    notes: Sequence[str]
