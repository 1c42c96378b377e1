"""What a policy saves against a baseline, and how sure that is.

The same question costs much the same whoever asks it and questions differ a lot, so both policies are
compared question by question where they answered the same ones. The interval is a bootstrap over
questions (Efron, 1979) of the ratio of sums: it says how much the saving depends on which questions
were asked, not how good the joules are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.vector import UNKNOWN
from dynamicrag.lab.report.figures import least_certain, quantities, total
from dynamicrag.lab.report.records import Turn, answered
from dynamicrag.lab.summary import saving
from dynamicrag.types import Figure

COMPARED = ("joules", "joules_full", "usd", "wall_seconds")
ENOUGH = 5
"""Fewest pairs that are compared as pairs, and fewest queries on either side that give an interval."""

RESAMPLES = 2000
SEED = 20261101
_CELLS = 4_000_000

Array = NDArray[np.float64]


def compare(ours: Sequence[Turn], theirs: Sequence[Turn], ingested: float = 0.0) -> dict[str, Any]:
    """Return what a policy saved against a baseline.

    A question's cost is what all attempts at it cost, failed ones too, per answer that came of them; a
    question that either policy never answered is left out of the pairs.

    Args:
        ours: The queries of the policy.
        theirs: Those of the baseline.
        ingested: Joules that ingestion took, for both alike.

    Returns:
        ``paired`` (whether question by question), ``pairs``, ``left_out`` (questions of both that either
        never answered), ``queries``, ``baseline_queries``, ``failed`` and ``figures``: per quantity
        ``value`` (the part saved, ``None`` where the baseline cost nothing), ``kind``, ``interval`` (95 %,
        or ``None``), ``ours`` and ``theirs`` (means, figures); with ``with_ingestion`` for active joules.
    """
    mine, other = _by_question(ours), _by_question(theirs)
    both = [mark for mark in mine if mark in other]
    marks = [mark for mark in both if _answers(mine[mark]) and _answers(other[mark])]
    paired = len(marks) >= ENOUGH
    if paired:
        left = np.array([_per_answer(mine[mark]) for mark in marks])
        right = np.array([_per_answer(other[mark]) for mark in marks])
        used = [[turn for mark in marks for turn in side[mark]] for side in (mine, other)]
    else:
        left, right = (np.array([_costs(turn) for turn in turns]) for turns in (ours, theirs))
        used = [list(ours), list(theirs)]
    ratios = _ratios(left, right, paired)
    figures: dict[str, dict[str, Any]] = {}
    for column, name in enumerate(COMPARED):
        means = [
            _mean(float(costs[:, column].mean()), _kind(turns, name))
            for costs, turns in zip((left, right), used, strict=True)
        ]
        figures[name] = {
            "value": _saved(means),
            "kind": least_certain([mean["kind"] for mean in means]),
            "interval": _interval(ratios[:, column]),
            "ours": means[0],
            "theirs": means[1],
        }
    if ingested:
        sums = [float(side[:, 0].sum()) + ingested for side in (left, right)]
        figures["joules"]["with_ingestion"] = saving(*sums) if paired else None
    return {
        "paired": paired,
        "pairs": len(marks),
        "left_out": len(both) - len(marks),
        "queries": len(ours),
        "baseline_queries": len(theirs),
        "failed": sum(not answered(turn) for turn in (*ours, *theirs)),
        "figures": figures,
    }


def _mean(value: float, kind: str) -> Figure:
    return Figure(value=None if kind == UNKNOWN else value, kind=kind)


def _saved(means: Sequence[Figure]) -> float | None:
    ours, theirs = (mean["value"] for mean in means)
    return None if ours is None or theirs is None else saving(ours, theirs)


def _by_question(turns: Sequence[Turn]) -> Mapping[str, list[Turn]]:
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn["question_mark"], []).append(turn)
    return found


def _answers(turns: Sequence[Turn]) -> int:
    return sum(map(answered, turns))


def _costs(turn: Turn) -> list[float]:
    figures = (quantities()[name].of(turn) for name in COMPARED)
    return [_value(figure) for figure in figures]


def _value(figure: Figure | None) -> float:
    """Return an amount; NaN, which no interval survives, where it is unknown."""
    if figure is None:
        return 0.0
    return np.nan if figure["value"] is None else figure["value"]


def _per_answer(turns: Sequence[Turn]) -> list[float]:
    sums = [sum(column) for column in zip(*map(_costs, turns), strict=True)]
    return [value / _answers(turns) for value in sums]


def _kind(turns: Sequence[Turn], name: str) -> str:
    return total([figure for turn in turns if (figure := quantities()[name].of(turn))])["kind"]


def _ratios(left: Array, right: Array, paired: bool) -> Array:
    """Return the saving of every resample and quantity; none where there are too few to resample."""
    if min(len(left), len(right)) < ENOUGH:
        return np.empty((0, left.shape[1]))
    rng = np.random.default_rng(SEED)
    found = []
    size = max(1, _CELLS // (max(len(left), len(right)) * left.shape[1]))
    for begin in range(0, RESAMPLES, size):
        number = min(size, RESAMPLES - begin)
        rows = rng.integers(0, len(left), (number, len(left)))
        others = rows if paired else rng.integers(0, len(right), (number, len(right)))
        ours, theirs = left[rows].mean(axis=1), right[others].mean(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(1 - ours / theirs)
    return np.concatenate(found)


def _interval(ratios: Array) -> list[float] | None:
    """Return the 95 % interval of resampled savings, if every one of them has a baseline to divide by."""
    if not len(ratios) or not np.isfinite(ratios).all():
        return None
    low, high = np.percentile(ratios, [2.5, 97.5])
    return [float(low), float(high)]
