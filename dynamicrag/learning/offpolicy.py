"""Off-policy estimates: the mean outcome that a candidate would have had on logged queries.

The weight of a query is the product, over its decisions, of the candidate's probability of the logged option
divided by the logged probability. A step whose distribution the candidate does not change has the factor 1.

- inverse propensity scores (Horvitz and Thompson 1952): the mean of weight · outcome
- self-normalised (Swaminathan and Joachims 2015): the same divided by the mean weight
- doubly robust (Dudík et al. 2011, arXiv 1103.4601; for several steps Jiang and Li 2016, arXiv 1511.03722):
  a model predicts the outcome of each option, and only its error is weighted. Wrong predictions make it less
  precise, never biased, because the propensities are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.learning.intervals import Estimated, Range, added_weight, estimated
from dynamicrag.predictors.checks import Floats

ROUNDING = 1e-9
"""Differences below this share of the largest outcome are errors of rounding."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Decisions whose distribution the candidate changes, m of them.

    Attributes:
        query: Row of each decision's query, (m,).
        rank: Position of each decision among those of its query, (m,), from 0 without gaps.
        ratio: The candidate's probability of the chosen option over the logged one, (m,).
        ahead: Predicted outcome under the candidate's probabilities, (m,).
        taken: Predicted outcome of the chosen option, (m,).
    """

    query: NDArray[np.intp]
    rank: NDArray[np.intp]
    ratio: Floats
    ahead: Floats
    taken: Floats


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate's outcome by three estimators, beside the logged policy's on the same queries.

    Attributes:
        queries: Number of queries.
        effective: Effective sample size.
        logged: The logged policy's mean.
        ips: The candidate's mean by inverse propensity scores.
        snips: Its mean, self-normalised.
        dr: Its mean, doubly robust.
        difference: The doubly robust mean less the logged one.
    """

    queries: int
    effective: float
    logged: Estimated
    ips: Estimated
    snips: Estimated
    dr: Estimated
    difference: Estimated


def weights_of(query: NDArray[np.intp], ratio: Floats, queries: int) -> Floats:
    """Return the weight of every query, (queries,): the product of its steps' ratios."""
    found = np.ones(queries)
    np.multiply.at(found, query, ratio)
    return found


def effective_size(weights: Floats) -> float:
    """Return the effective sample size, (Σw)² / Σw² (Kish 1965); 0 without a weight above 0."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def ips(weights: Floats, outcomes: Floats, reach: Range = Range(0.0, 1.0)) -> Estimated:  # noqa: B008
    """Return the candidate's mean by inverse propensity scores.

    Args:
        weights: Weight of each query, (n,).
        outcomes: Outcome of each query, (n,).
        reach: The range of outcomes.
    """
    added = added_weight(weights) * _ends(reach)
    return estimated(weights * outcomes, added, effective_size(weights))


def snips(weights: Floats, outcomes: Floats, reach: Range = Range(0.0, 1.0)) -> Estimated:  # noqa: B008
    """Return the candidate's self-normalised mean; arguments as for :func:`ips`.

    The interval is of the linearised mean.
    """
    level = weights.mean()
    if level <= 0:
        return Estimated(0.0, reach.low, reach.high)
    mean = float((weights * outcomes).sum() / weights.sum())
    terms = mean + weights * (outcomes - mean) / level
    added = mean + added_weight(weights) * (_ends(reach) - mean) / level
    found = estimated(terms, added, effective_size(weights))
    return Estimated(mean, found.low, found.high)


def doubly_robust(steps: Steps, outcomes: Floats) -> Floats:
    """Return the doubly robust term of every query, (n,); without a step it is the outcome.

    From the last step to the first: term = ahead + ratio · (term − taken).
    """
    terms = np.array(outcomes, dtype=np.float64)
    for rank in range(int(steps.rank.max(initial=-1)), -1, -1):
        at = steps.rank == rank
        query = steps.query[at]
        terms[query] = steps.ahead[at] + steps.ratio[at] * (terms[query] - steps.taken[at])
    return terms


def compare(steps: Steps, outcomes: Floats, reach: Range | None = None) -> Comparison:
    """Compare the candidate with the logged policy on n queries.

    Args:
        steps: The changed decisions of these queries.
        outcomes: Outcome of each query, (n,).
        reach: The range of outcomes; by default that of the queries.
    """
    outcomes = np.asarray(outcomes, dtype=np.float64)
    reach = reach or observed_range(outcomes)
    weights = weights_of(steps.query, steps.ratio, len(outcomes))
    size, ends, weight = effective_size(weights), _ends(reach), added_weight(weights)
    terms, logged = doubly_robust(steps, outcomes), float(outcomes.mean())
    level = float((weights * outcomes).sum() / weights.sum()) if weights.any() else logged
    mean = float(terms.mean())
    own, other = mean + weight * (ends - level), logged + (ends - logged)
    least = ROUNDING * float(np.abs(outcomes).max(initial=0.0))
    return Comparison(
        queries=len(outcomes),
        effective=size,
        logged=estimated(outcomes, other, len(outcomes)),
        ips=ips(weights, outcomes, reach),
        snips=snips(weights, outcomes, reach),
        dr=estimated(terms, own, size),
        difference=estimated(_rounded(terms - outcomes, least), _rounded(own - other, least), size),
    )


def observed_range(outcomes: Floats) -> Range:
    """Return the range of the observed outcomes."""
    return Range(float(outcomes.min()), float(outcomes.max()))


def _rounded(values: Floats, least: float) -> Floats:
    return np.where(np.abs(values) < least, 0.0, values)


def _ends(reach: Range) -> Floats:
    ends: Sequence[float] = (reach.low, reach.low, reach.high, reach.high)
    return np.array(ends)
