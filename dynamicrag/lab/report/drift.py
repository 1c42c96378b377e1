"""Whether recent queries are still what their policy was calibrated to.

A figure has *moved* where the interval of recent queries and the calibrated one lie apart: both are
uncertain, and one alone would cry wolf. Means have bootstrap intervals (Efron, 1979), shares those of
Wilson (1927); since many figures are looked at, the recent intervals are widened by Bonferroni's rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from dynamicrag.calibrated import Band, Calibrated
from dynamicrag.lab.report.figures import total
from dynamicrag.lab.report.records import Turn

ENOUGH = 30
"""Fewest queries that are judged."""
RECENT = 300
"""Most queries that are: the latest."""
LEVEL = 0.05
DRAWS = 4000
SEED = 20261125

Interval = tuple[float, float]


class Looked(NamedTuple):
    """A figure that is looked at.

    Attributes:
        name: What it is of.
        unit: A cost dimension, ``share`` or ``signal``.
        expected: Its calibrated mean and interval.
        values: What recent queries have.
        kind: The provenance of those.
    """

    name: str
    unit: str
    expected: Band
    values: Sequence[float]
    kind: str


def drift(turns: Sequence[Turn], bands: Mapping[str, Calibrated]) -> dict[str, Any]:
    """Return how the recent queries of every calibrated policy compare with its band.

    Args:
        turns: The selected queries of any policies, oldest first; each policy is held against its own.
        bands: What policies were calibrated to, by name.

    Returns:
        By policy, of those that have queries: ``since`` (the calibration's date), ``rows``, ``queries``
        (since then, the latest :data:`RECENT`), ``needed``, ``enough`` and ``figures``: by name ``unit``,
        ``calibrated`` (``value``, ``low``, ``high``), ``recent`` (likewise, with ``kind``) and ``moved``.
        Without enough queries there are no figures.
    """
    found: dict[str, Any] = {}
    for policy, band in bands.items():
        own = [turn for turn in turns if turn["policy"] == policy]
        if not own:
            continue
        recent = [turn for turn in own if turn["at"] >= band.date.timestamp()][-RECENT:]
        enough = len(recent) >= ENOUGH
        found[policy] = {
            "since": band.date.isoformat(timespec="minutes"),
            "rows": band.rows,
            "queries": len(recent),
            "needed": ENOUGH,
            "enough": enough,
            "figures": _compared(list(_looked_at(recent, band))) if enough else {},
        }
    return found


def moved(compared: Mapping[str, Any]) -> list[str]:
    """Return the names of the figures of a policy that have moved."""
    return [name for name, figure in compared["figures"].items() if figure["moved"]]


def wilson(share: float, number: int, level: float) -> Interval:
    """Return the interval of a share seen in ``number`` trials (Wilson, 1927)."""
    z = NormalDist().inv_cdf(1 - level / 2)
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * (share * (1 - share) / number + z * z / (4 * number**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(values: Sequence[float], level: float) -> Interval:
    """Return the interval of a mean, by resampling."""
    rng = np.random.default_rng(SEED)
    means = rng.choice(np.asarray(values, dtype=float), (DRAWS, len(values))).mean(axis=1)
    low, high = np.percentile(means, [50 * level, 100 - 50 * level])
    return float(low), float(high)


def _compared(figures: Sequence[Looked]) -> dict[str, Any]:
    level = LEVEL / max(1, len(figures))
    found = {}
    for one in figures:
        mean = sum(one.values) / len(one.values)
        share = one.unit == "share"
        low, high = wilson(mean, len(one.values), level) if share else bootstrap(one.values, level)
        found[one.name] = {
            "unit": one.unit,
            "calibrated": {"value": one.expected.mean, "low": one.expected.low, "high": one.expected.high},
            "recent": {"value": mean, "low": low, "high": high, "kind": one.kind},
            "moved": high < one.expected.low or low > one.expected.high,
        }
    return found


def _looked_at(turns: Sequence[Turn], band: Calibrated) -> Iterator[Looked]:
    for name, expected in (("joules", band.joules), ("seconds", band.seconds), ("usd", band.usd)):
        if expected is not None:
            # a stand-in for joules that the meter had not covered says nothing of drift
            settled = [turn for turn in turns if not turn.get("provisional")]
            found = [turn["cost"][name] for turn in settled]
            values = [figure["value"] for figure in found if figure["value"] is not None]
            if len(values) >= ENOUGH and len(values) == len(found):
                yield Looked(name, name, expected, values, total(found)["kind"])
    shares: list[tuple[str, float | None, Callable[[Turn], bool]]] = [
        ("abstained", band.abstained, lambda turn: bool(turn.get("abstained"))),
        ("escalated", band.escalated, lambda turn: bool(turn.get("escalations"))),
    ]
    for stage, options in band.shares.items():
        # an option that was never taken in calibration, and is now, is a change too
        taken = {turn.get("path", {}).get(stage) for turn in turns} - {None}
        for option in dict.fromkeys([*options, *sorted(map(str, taken))]):
            shares.append((f"{stage}={option}", options.get(option, 0.0), _took(stage, option)))
    for name, share, holds in shares:
        if share is not None:
            low, high = wilson(share, band.rows, LEVEL)
            expected = Band(mean=share, low=min(low, share), high=max(high, share))
            yield Looked(name, "share", expected, [float(holds(turn)) for turn in turns], "measured")
    for name, expected in band.signals.items():
        seen = [turn["signals"][name] for turn in turns if name in turn.get("signals", {})]
        if len(seen) >= ENOUGH:
            yield Looked(name, "signal", expected, seen, "measured")


def _took(stage: str, option: str) -> Callable[[Turn], bool]:
    return lambda turn: turn.get("path", {}).get(stage) == option
