"""Arithmetic of figures that keeps their provenance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.cost.vector import KINDS, UNKNOWN
from dynamicrag.records import Figure


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean, percentiles and total of a cost; ``None`` where no query has it.

    Attributes:
        queries: Number of queries that have it.
        mean: The mean.
        p50: The median.
        p95: The 95th percentile.
        total: The sum.
    """

    queries: int
    mean: Figure | None = None
    p50: Figure | None = None
    p95: Figure | None = None
    total: Figure | None = None


def statistics(figures: Sequence[Figure | None]) -> Statistics:
    """Return the statistics of the figures that are there.

    A mean or percentile is no better than the least certain figure it is made from: where one is unknown,
    so are they.
    """
    import numpy as np

    known = [figure for figure in figures if figure is not None]
    if not known:
        return Statistics(0)
    whole = total(known)
    values = [figure["value"] for figure in known if figure["value"] is not None]
    points: tuple[float | None, ...] = (None, None, None)
    if len(values) == len(known):
        points = (float(np.mean(values)), *map(float, np.percentile(values, [50, 95])))
    mean, p50, p95 = (Figure(value=point, kind=whole["kind"]) for point in points)
    return Statistics(len(known), mean, p50, p95, whole)


def total(figures: Sequence[Figure]) -> Figure:
    """Return the sum of figures with its parts by provenance, and its bounds where any has them.

    A figure of zero says nothing of provenance. Bounds add up, for estimates share their coefficients. A sum
    with an unknown part is unknown, and its parts are the known ones.
    """
    parts: dict[str, float] = {}
    for figure in figures:
        for kind, value in parts_of(figure).items():
            if value:
                parts[kind] = parts.get(kind, 0.0) + value
    values = [figure["value"] for figure in figures if figure["value"] is not None]
    unknown = len(values) < len(figures)
    found = (
        Figure(value=None, kind=UNKNOWN) if unknown else Figure(value=sum(values), kind=least_certain(parts))
    )
    if len(parts) > 1 or (parts and unknown):
        found["parts"] = {kind: parts[kind] for kind in KINDS if kind in parts}
    if not unknown and any("low" in figure for figure in figures):
        found["low"] = sum(figure.get("low", value) for figure, value in zip(figures, values, strict=True))
        found["high"] = sum(figure.get("high", value) for figure, value in zip(figures, values, strict=True))
    return found


def parts_of(figure: Figure) -> Mapping[str, float]:
    """Return the known amount of each kind of provenance in a figure."""
    value = figure["value"]
    return figure.get("parts", {} if value is None else {figure["kind"]: value})


def share_saved(ours: float | None, theirs: float | None) -> float | None:
    """Return the part of the baseline's cost that was saved; negative for a loss.

    ``None`` if the baseline cost nothing, or either cost is unknown.
    """
    return None if ours is None or not theirs else 1 - ours / theirs


def least_certain(kinds: Iterable[str]) -> str:
    """Return the least certain of some kinds of provenance; ``measured`` of none."""
    return max(kinds, key=[*map(str, KINDS), UNKNOWN].index, default="measured")
