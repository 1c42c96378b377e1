"""What a recording found: quality and cost of every path, and of the best path of every question."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.record.outcome import EXACT, OBEYED
from dynamicrag.lab.scores import agreement
from dynamicrag.predictors.checks import Floats

DRAWS = 2000
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """A mean quality.

    Attributes:
        quality: The mean; ``None`` if no outcome has a quality.
        low: The lower end of its 95 % bootstrap interval.
        high: The upper end.
        scored: Number of outcomes that have a quality.
    """

    quality: float | None = None
    low: float | None = None
    high: float | None = None
    scored: int = 0


@dataclass(frozen=True, slots=True)
class PathResult:
    """What one path gave.

    Attributes:
        path: The option of every stage.
        runs: Number of questions it was run on.
        failed: Number of runs that failed.
        error: The first error.
        score: Its quality.
        costs: Mean costs by name; ``None`` if unknown.
    """

    path: Mapping[str, str]
    runs: int
    failed: int
    error: str | None
    score: Score
    costs: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Oracle:
    """What the best path of every question gave; of equally good paths, the one with the fewest joules.

    Attributes:
        score: Its quality.
        costs: Mean costs by name.
        shares: Share of the questions that each path is best for.
    """

    score: Score = Score()
    costs: Mapping[str, float | None] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a judge agrees with an exact score: share of equal verdicts, Cohen's kappa, number of pairs."""

    share: float
    kappa: float | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Judging:
    """What a judge did.

    Attributes:
        disobeyed: Number of answers of which it said neither yes nor no.
        agreement: Agreement by exact score, where both are known.
        cost: What judging took in this run, by dimension.
    """

    disobeyed: int
    agreement: Mapping[str, Agreement]
    cost: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """What is in the table that a recording wrote.

    Attributes:
        out: The table's file.
        score: What quality is.
        queries: Number of questions.
        paths: Results by the path's name.
        oracle: The best that choosing a path per question could give.
        judge: What the judge did, if there was one.
    """

    out: str
    score: str
    queries: int
    paths: Mapping[str, PathResult]
    oracle: Oracle
    judge: Judging | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``: scores and costs lie beside the other keys of a path."""
        found = asdict(self)
        for row in (*found["paths"].values(), found["oracle"]):
            row |= row.pop("score") | row.pop("costs")
        if not self.oracle.score.scored:
            del found["oracle"]["shares"]
        if self.judge is None:
            del found["judge"]
        return found


def result_of(
    table: OutcomeTable, out: str, score: str, judging: Mapping[str, float | None] | None
) -> RecordingResult:
    """Return the result of a recording.

    Args:
        table: What was recorded.
        out: Its file.
        score: What quality is.
        judging: What judging took; ``None`` without a judge.
    """
    names = [name for name in (*DIMENSIONS, "input_tokens", "output_tokens") if name in table.facts]
    costs = {name: table.fact(name) for name in names}
    paths = {}
    for column, name in enumerate(table.options):
        outcomes = [row.outcomes[name] for row in table.rows if name in row.outcomes]
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        paths[name] = PathResult(
            table.paths.get(name, {}), len(outcomes), len(errors), next(iter(errors), None),
            score_of(table.quality[:, column]),
            {cost: _mean(values[:, column]) for cost, values in costs.items()},
        )  # fmt: skip
    judge = None if judging is None else judge_agreement(table, judging)
    return RecordingResult(out, score, len(table), paths, _oracle(table, costs), judge)


def score_of(values: Floats, seed: int = 0) -> Score:
    """Return the mean of the values that are not NaN, (n,)."""
    seen = values[~np.isnan(values)]
    if not len(seen):
        return Score()
    draws = np.random.default_rng(seed).choice(seen, (DRAWS, len(seen))).mean(axis=1)
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
    cells = np.arange(len(chosen)), chosen
    shares = np.bincount(chosen, minlength=len(table.options)) / len(chosen)
    return Oracle(
        score_of(best),
        {cost: _mean(values[rows][cells]) for cost, values in costs.items()},
        {name: float(share) for name, share in zip(table.options, shares, strict=True) if share},
    )


def judge_agreement(table: OutcomeTable, cost: Mapping[str, float | None]) -> Judging:
    """Return how a judge agrees with exact scores where both exist, and how often it did not say."""
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
