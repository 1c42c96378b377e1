"""The results of a recording: quality and cost of every path, and of the best path of every question."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.record.outcome import EXACT, OBEYED
from dynamicrag.lab.results import FLAT, OPTIONAL, Result
from dynamicrag.lab.scores import agreement
from dynamicrag.predictors.checks import Floats

DRAWS = 2000
_CLOSE = 1e-9

Costs = Mapping[str, float | None]
"""Amounts by name; ``None`` if unknown."""


@dataclass(frozen=True, slots=True)
class Score:
    """Mean quality of ``scored`` outcomes, with its 95 % bootstrap interval; ``None`` without outcomes."""

    quality: float | None = None
    low: float | None = None
    high: float | None = None
    scored: int = 0


@dataclass(frozen=True, slots=True)
class PathResult:
    """Score and mean costs of one path; ``error`` is the first of its failed runs."""

    path: Mapping[str, str]
    runs: int
    failed: int
    error: str | None
    score: Score = field(metadata={FLAT: True})
    costs: Costs = field(metadata={FLAT: True})


@dataclass(frozen=True, slots=True)
class Oracle:
    """Score and mean costs of the best path of every question: the cheapest in joules of the equally good.

    ``shares`` are the shares of the questions that each path is chosen for; ``None`` without outcomes.
    """

    score: Score = field(default=Score(), metadata={FLAT: True})
    costs: Costs = field(default_factory=dict, metadata={FLAT: True})
    shares: Mapping[str, float] | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge's agreement with an exact score: share of equal verdicts, Cohen's kappa, number of pairs."""

    share: float
    kappa: float | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Judging:
    """Number of answers without yes or no, agreement by exact score, and the cost of judging in this run."""

    disobeyed: int
    agreement: Mapping[str, Agreement]
    cost: Costs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordingResult(Result):
    """The content of a recorded table: results by the path's name, for a number of questions.

    In JSON, scores and costs lie beside the other keys of a path.
    """

    out: str
    score: str
    queries: int
    paths: Mapping[str, PathResult]
    oracle: Oracle
    judge: Judging | None = field(default=None, metadata={OPTIONAL: True})


def result_of(table: OutcomeTable, out: str, score: str, judging: Costs | None) -> RecordingResult:
    """Return the result of a recording.

    Args:
        table: The recorded table.
        out: Its file.
        score: The measure of quality.
        judging: Cost of judging; ``None`` without a judge.
    """
    names = [name for name in (*DIMENSIONS, "input_tokens", "output_tokens") if name in table.facts]
    costs = {name: table.fact(name) for name in names}
    paths = {}
    for column, name in enumerate(table.options):
        outcomes = [row.outcomes[name] for row in table.rows if name in row.outcomes]
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        means = {cost: _mean(values[:, column]) for cost, values in costs.items()}
        first, quality = next(iter(errors), None), score_of(table.quality[:, column])
        paths[name] = PathResult(
            table.paths.get(name, {}), len(outcomes), len(errors), first, quality, means
        )  # fmt: skip
    judge = None if judging is None else judge_agreement(table, judging)
    return RecordingResult(out, score, len(table), paths, _oracle(table, costs), judge)


def score_of(values: Floats) -> Score:
    """Return the mean of the values that are not NaN, (n,)."""
    seen = values[~np.isnan(values)]
    if not len(seen):
        return Score()
    draws = np.random.default_rng(0).choice(seen, (DRAWS, len(seen))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Score(float(seen.mean()), float(low), float(high), len(seen))


def _oracle(table: OutcomeTable, costs: Mapping[str, Floats]) -> Oracle:
    rows = ~np.isnan(table.quality).all(axis=1)
    if not rows.any():
        return Oracle()
    quality = np.nan_to_num(table.quality[rows], nan=-np.inf)
    best = quality.max(axis=1)
    joules = np.nan_to_num(table.fact("joules")[rows], nan=np.inf)
    chosen = np.where(quality >= best[:, None] - _CLOSE, joules, np.inf).argmin(axis=1)
    means = {cost: _mean(values[rows][np.arange(len(chosen)), chosen]) for cost, values in costs.items()}
    shares = zip(table.options, np.bincount(chosen, minlength=len(table.options)) / len(chosen), strict=True)
    return Oracle(score_of(best), means, {name: float(share) for name, share in shares if share})


def judge_agreement(table: OutcomeTable, cost: Costs) -> Judging:
    """Return a judge's agreement with exact scores where both exist, and its number of abstentions."""
    facts = [outcome.facts for row in table.rows for outcome in row.outcomes.values()]
    agreed = {}
    for score in EXACT:
        both = [(fact["judge"], fact[score]) for fact in facts if "judge" in fact and score in fact]
        if both:
            share, kappa = agreement([verdict for verdict, _ in both], [exact for _, exact in both])
            agreed[score] = Agreement(share, None if math.isnan(kappa) else kappa, len(both))
    return Judging(sum(fact.get(OBEYED) == 0.0 for fact in facts), agreed, cost)


def _mean(values: Floats) -> float | None:
    return None if np.isnan(values).all() else float(np.nanmean(values))
