"""Savings of a policy against a baseline, with their intervals.

Questions differ a lot in cost, and a question costs much the same each time. So both policies are compared
question by question where they answered the same ones. The interval is a percentile bootstrap over
questions (Efron, 1979) of the ratio of means: it says how much the saving depends on which questions
were asked, not how good the joules are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.vector import UNKNOWN
from dynamicrag.lab.report.figures import least_certain, share_saved, total
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.turns import Turn
from dynamicrag.records import Figure

COMPARED = ("joules", "joules_full", "usd", "wall_seconds")
ENOUGH = 5
"""Fewest pairs that are compared as pairs, and fewest queries on either side that give an interval."""

RESAMPLES = 2000
SEED = 20261101
_CELLS = 4_000_000

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Saving:
    """The saving of a quantity.

    Attributes:
        value: The part of the baseline's cost that was saved; ``None`` where the baseline cost nothing, or
            either cost is unknown.
        kind: Provenance of the less certain side.
        interval: Its 95 % interval, where there are enough queries.
        ours: Mean per query of the policy.
        theirs: Mean per query of the baseline.
    """

    value: float | None
    kind: str
    interval: tuple[float, float] | None
    ours: Figure
    theirs: Figure

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves no doubt that there is a saving, or a loss."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


@dataclass(frozen=True, slots=True)
class EnergySaving(Saving):
    """A saving of active joules where ingestion took some.

    Attributes:
        with_ingestion: The saving if all of ingestion is charged to both sides; ``None`` without pairs.
    """

    with_ingestion: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A policy against a baseline.

    Attributes:
        paired: Whether they are compared question by question.
        pairs: Number of questions that both answered.
        left_out: Number of questions of both that either never answered.
        queries: Number of queries of the policy.
        baseline_queries: Number of queries of the baseline.
        failed: Number of failed queries of both.
        figures: The savings by quantity.
    """

    paired: bool
    pairs: int
    left_out: int
    queries: int
    baseline_queries: int
    failed: int
    figures: Mapping[str, Saving]


def compare(ours: Sequence[Turn], theirs: Sequence[Turn], ingested: float = 0.0) -> Comparison:
    """Return the savings of a policy against a baseline.

    A question's cost is that of all attempts at it, failed ones too, per answer; a question that either
    policy never answered is left out of the pairs.

    Args:
        ours: The queries of the policy.
        theirs: The queries of the baseline.
        ingested: Joules that ingestion took, for both alike.
    """
    mine, other = _by_question(ours), _by_question(theirs)
    both = [mark for mark in mine if mark in other]
    marks = [mark for mark in both if _answers(mine[mark]) and _answers(other[mark])]
    paired = len(marks) >= ENOUGH
    sides = ([mine[mark] for mark in marks], [other[mark] for mark in marks])
    if not paired:
        sides = ([[turn] for turn in ours], [[turn] for turn in theirs])
    figures: dict[str, Saving] = {}
    for name in COMPARED:
        left, right = (np.array([_per_answer(turns, name) for turns in side]) for side in sides)
        means = [_mean(costs, side, name) for costs, side in zip((left, right), sides, strict=True)]
        kind = least_certain([mean["kind"] for mean in means])
        saved = share_saved(means[0]["value"], means[1]["value"])
        figures[name] = Saving(saved, kind, _interval(left, right, paired), means[0], means[1])
        if name == "joules" and ingested:
            whole = (
                share_saved(float(left.sum()) + ingested, float(right.sum()) + ingested) if paired else None
            )
            figures[name] = EnergySaving(saved, kind, figures[name].interval, means[0], means[1], whole)
    return Comparison(
        paired=paired,
        pairs=len(marks),
        left_out=len(both) - len(marks),
        queries=len(ours),
        baseline_queries=len(theirs),
        failed=sum(turn.failed for turn in (*ours, *theirs)),
        figures=figures,
    )


def _by_question(turns: Sequence[Turn]) -> Mapping[str, list[Turn]]:
    found: dict[str, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.question_mark, []).append(turn)
    return found


def _answers(turns: Sequence[Turn]) -> int:
    return sum(turn.answered for turn in turns)


def _per_answer(turns: Sequence[Turn], name: str) -> float:
    """Return the cost of attempts at a question per answer; NaN, which has no interval, if it is unknown."""
    figures = [quantities()[name].of(turn) for turn in turns]
    values = [0.0 if figure is None else figure["value"] for figure in figures]
    return sum(np.nan if value is None else value for value in values) / max(1, _answers(turns))


def _mean(costs: Array, side: Sequence[Sequence[Turn]], name: str) -> Figure:
    figures = [quantities()[name].of(turn) for turns in side for turn in turns]
    kind = total([figure for figure in figures if figure])["kind"]
    return Figure(value=None if kind == UNKNOWN else float(costs.mean()), kind=kind)


def _interval(ours: Array, theirs: Array, paired: bool) -> tuple[float, float] | None:
    """Return the 95 % interval of a saving, if all resamples have a baseline to divide by."""
    from scipy.stats import bootstrap

    if min(len(ours), len(theirs)) < ENOUGH or not theirs.any() or np.isnan([*ours, *theirs]).any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = bootstrap(
            (ours, theirs),
            lambda left, right, axis: 1 - left.mean(axis=axis) / right.mean(axis=axis),
            paired=paired, vectorized=True, method="percentile", n_resamples=RESAMPLES, rng=SEED,
            batch=max(1, _CELLS // max(len(ours), len(theirs))),
        )  # fmt: skip
    if not np.isfinite(found.bootstrap_distribution).all():
        return None
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
