"""Whether recent queries are still as their policy was calibrated.

A figure has *moved* where the interval of recent queries and the calibrated one lie apart: both are
uncertain, and one alone would cry wolf. Means have bootstrap intervals (Efron, 1979), shares those of
Wilson (1927); since many figures are compared, the recent intervals are widened by Bonferroni's rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.lab.report.figures import total
from dynamicrag.lab.report.turns import Turn
from dynamicrag.policy.calibrated import Band, Calibrated

ENOUGH = 30
"""Fewest queries that are judged."""
RECENT = 300
"""Most queries that are judged: the latest."""
LEVEL = 0.05
DRAWS = 4000
SEED = 20261125

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or share with its interval.

    Attributes:
        value: The mean or share.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Recent(Estimate):
    """An estimate from recent queries.

    Attributes:
        kind: Its provenance.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of recent queries beside its calibrated one.

    Attributes:
        unit: A cost dimension, ``share`` or ``signal``.
        calibrated: As it was calibrated.
        recent: As it is now.
        moved: Whether the intervals lie apart.
    """

    unit: str
    calibrated: Estimate
    recent: Recent
    moved: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """A policy's recent queries against its calibration.

    Attributes:
        since: Time of its calibration, ISO 8601.
        rows: Number of questions that it was calibrated on.
        queries: Number of queries since then, at most :data:`RECENT`.
        needed: Number of queries that a judgement takes.
        enough: Whether there are that many.
        figures: The figures by name; none without enough queries.
    """

    since: str
    rows: int
    queries: int
    needed: int
    enough: bool
    figures: Mapping[str, Compared]

    @property
    def moved(self) -> list[str]:
        """Names of the figures that have moved."""
        return [name for name, figure in self.figures.items() if figure.moved]


def drift(turns: Sequence[Turn], bands: Mapping[str, Calibrated]) -> dict[str, Drift]:
    """Return the drift of every calibrated policy that has queries, by policy.

    Args:
        turns: The selected queries of any policies, oldest first.
        bands: The expected figures of calibrated policies, by policy.
    """
    found: dict[str, Drift] = {}
    for policy, band in bands.items():
        own = [turn for turn in turns if turn.policy == policy]
        if not own:
            continue
        recent = [turn for turn in own if turn.at >= band.date.timestamp()][-RECENT:]
        enough = len(recent) >= ENOUGH
        since = band.date.isoformat(timespec="minutes")
        figures = (
            _compared([*_costs(recent, band), *_shares(recent, band), *_signals(recent, band)])
            if enough
            else {}
        )
        found[policy] = Drift(since, band.rows, len(recent), ENOUGH, enough, figures)
    return found


def wilson(share: float, number: int, level: float) -> Interval:
    """Return the interval of a share seen in ``number`` trials (Wilson, 1927)."""
    from scipy.stats import binomtest

    found = binomtest(round(share * number), number).proportion_ci(1 - level, method="wilson")
    return float(found.low), float(found.high)


def bootstrap(values: Sequence[float], level: float) -> Interval:
    """Return the percentile interval of a mean, by resampling."""
    import numpy as np
    from scipy import stats

    found = stats.bootstrap(
        (values,), np.mean, confidence_level=1 - level, method="percentile", n_resamples=DRAWS, rng=SEED
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


@dataclass(frozen=True, slots=True)
class _Sample:
    name: str
    unit: str
    expected: Band
    values: Sequence[float]
    kind: str = "measured"


def _compared(samples: Sequence[_Sample]) -> dict[str, Compared]:
    level = LEVEL / max(1, len(samples))
    found = {}
    for one in samples:
        mean = sum(one.values) / len(one.values)
        share = one.unit == "share"
        low, high = wilson(mean, len(one.values), level) if share else bootstrap(one.values, level)
        band = one.expected
        moved = high < band.low or low > band.high
        recent = Recent(mean, low, high, one.kind)
        found[one.name] = Compared(one.unit, Estimate(band.mean, band.low, band.high), recent, moved)
    return found


def _costs(turns: Sequence[Turn], band: Calibrated) -> Iterator[_Sample]:
    for name, expected in (("joules", band.joules), ("seconds", band.seconds), ("usd", band.usd)):
        if expected is not None:
            # a stand-in for joules that the meter had not covered says nothing of drift
            found = [turn.cost[name] for turn in turns if not turn.provisional]
            values = [figure["value"] for figure in found if figure["value"] is not None]
            if len(values) >= ENOUGH and len(values) == len(found):
                yield _Sample(name, name, expected, values, total(found)["kind"])


def _signals(turns: Sequence[Turn], band: Calibrated) -> Iterator[_Sample]:
    for name, expected in band.signals.items():
        values = [turn.signals[name] for turn in turns if name in turn.signals]
        if len(values) >= ENOUGH:
            yield _Sample(name, "signal", expected, values)


def _shares(turns: Sequence[Turn], band: Calibrated) -> Iterator[_Sample]:
    shares: list[tuple[str, float | None, Callable[[Turn], bool]]] = [
        ("abstained", band.abstained, lambda turn: turn.abstained),
        ("escalated", band.escalated, lambda turn: bool(turn.escalations)),
    ]
    for stage, options in band.shares.items():
        # an option that was never taken in calibration, and is now, is a change too
        taken = sorted({turn.path[stage] for turn in turns if stage in turn.path})
        for option in dict.fromkeys([*options, *taken]):
            shares.append((f"{stage}={option}", options.get(option, 0.0), _ends_with(stage, option)))
    for name, share, holds in shares:
        if share is not None:
            low, high = wilson(share, band.rows, LEVEL)
            expected = Band(mean=share, low=min(low, share), high=max(high, share))
            yield _Sample(name, "share", expected, [float(holds(turn)) for turn in turns])


def _ends_with(stage: str, option: str) -> Callable[[Turn], bool]:
    return lambda turn: turn.path.get(stage) == option
