"""Selection from predictions: ``score = quality − λ · Σ weight · cost``, over the options within the limits.

Estimates come from a predictor, prices from the cost model; only this module trades one against the
other. Every function takes one query, with arrays over k options, or n queries at once, with a first
axis over queries; costs have a last axis over dimensions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import BudgetError
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.drawing import NO_GENERATOR, draw, mixed
from dynamicrag.predictors.exploration import GREEDY, Exploration

TIE = 1e-9
"""Scores that differ by no more than this are tied."""
SAMPLES = 256
"""Draws of posterior sampling, from which each option's probability is estimated."""
DOUBLINGS = 80
HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice. For one query the first axis of all arrays is missing.

    Attributes:
        index: The chosen options, (n,).
        propensity: Probability of each choice, (n,).
        score: Score of every option, (n, k), without optimism; ``-inf`` where it is closed.
        drawn: Probability of every option in the draw, (n, k); ``None`` without a draw.
    """

    index: NDArray[np.intp]
    propensity: Floats
    score: Floats
    drawn: Floats | None = None

    @property
    def chances(self) -> Floats:
        """Probability of every option, (n, k); 1 in sum."""
        return _certain(self.score, self.index) if self.drawn is None else self.drawn


def select(
    quality: ArrayLike,
    costs: ArrayLike,
    weights: ArrayLike,
    *,
    lam: float = 1.0,
    allowed: ArrayLike | None = None,
    spread: ArrayLike | None = None,
    explore: Exploration = GREEDY,
    rng: np.random.Generator | None = None,
) -> Selection:
    """Choose an option per query. Ties go to the cheapest, then to the first.

    Args:
        quality: Predicted quality, (k,) or (n, k).
        costs: Expected cost, (k, c) or (n, k, c).
        weights: Quality that one unit of each dimension is worth, (c,).
        lam: λ: factor on the weighted cost.
        allowed: Whether each option is open, (k,) or (n, k); all by default.
        spread: Standard deviation of the predicted quality, as ``quality``; needed for ``optimism`` and
            ``sample``.
        explore: The exploration of options other than the best.
        rng: Random generator; needed for draws.

    Raises:
        ValueError: A query has no open option, a figure is missing, or the random generator is missing.
    """
    price = np.asarray(costs, dtype=np.float64) @ np.asarray(weights, dtype=np.float64)
    score = np.asarray(quality, dtype=np.float64) - lam * price
    if allowed is not None:
        score = np.where(np.asarray(allowed, dtype=bool), score, -np.inf)
    best = score.max(axis=-1, keepdims=True)
    if not best.min() > -np.inf:  # NaN scores propagate through max and min
        if np.isnan(best).any():
            raise ValueError("quality and cost of open options must be numbers to choose by; some are NaN")
        raise ValueError("a query has no open option to choose from")
    top = _top(score, best, price)
    if not (explore.draws or explore.needs_spread):
        return Selection(top, np.ones(top.shape), score)
    explored = score
    if explore.extra is not None:
        limit = np.take_along_axis(price, top[..., None], axis=-1) * lam + explore.extra
        explored = np.where(lam * price <= limit + TIE, score, -np.inf)
    if explore.needs_spread:
        wide = _spread(spread, score)
        explored = explored + explore.optimism * wide
        best = explored.max(axis=-1, keepdims=True)
        top = _top(explored, best, price)
        if not explore.draws:
            return Selection(top, np.ones(top.shape), score)
    if explore.sample:
        own = _sampled(explored, wide, price, rng)
    elif explore.temperature > 0:
        own = np.exp((explored - best) / explore.temperature)
    else:
        own = _certain(score, top)
    chances = mixed(own, explored > -np.inf, explore.epsilon)
    index = draw(chances, rng)
    propensity = np.take_along_axis(chances, index[..., None], axis=-1)[..., 0]
    return Selection(index, propensity, score, chances)


def _top(score: Floats, best: Floats, price: Floats) -> NDArray[np.intp]:
    """Return the cheapest of the tied best options, the first of the equally cheap."""
    return np.asarray(np.where(score >= best - TIE, price, np.inf).argmin(axis=-1))


def _spread(spread: ArrayLike | None, score: Floats) -> Floats:
    """Return the spread of open options; 0 for the others."""
    if spread is None:
        raise ValueError("optimism and sample need the spread of the predicted quality; it is unknown here")
    wide = np.where(score > -np.inf, np.asarray(spread, dtype=np.float64), 0.0)
    if not (wide >= 0).all():
        raise ValueError("the spread of open options must be numbers of 0 or more; some are not")
    return wide


def _sampled(score: Floats, spread: Floats, price: Floats, rng: np.random.Generator | None) -> Floats:
    """Return each option's share of wins in draws from its posterior."""
    if rng is None:
        raise ValueError(NO_GENERATOR)
    drawn = score + spread * rng.standard_normal((SAMPLES, *score.shape))
    top = _top(drawn, drawn.max(axis=-1, keepdims=True), price)
    return np.asarray(np.eye(score.shape[-1])[top].mean(axis=0))


def _certain(score: Floats, index: NDArray[np.intp]) -> Floats:
    return np.asarray(np.arange(score.shape[-1]) == index[..., None], dtype=np.float64)


def lambda_for(
    budget: ArrayLike,
    quality: ArrayLike,
    costs: ArrayLike,
    weights: ArrayLike,
    *,
    allowed: ArrayLike | None = None,
    least: float = 1.0,
) -> float:
    """Return the smallest λ, by bisection, with which the mean cost of the choices meets a budget.

    As in cascade routing, Dekoninck et al. 2024 (arXiv 2410.10347). The weighted cost falls as λ rises; a
    single dimension of several may not, and the returned λ then meets the budget.

    Args:
        budget: Largest mean cost per query, by dimension, (c,); infinite without a limit.
        quality: Predicted quality, (n, k).
        costs: Expected cost, (n, k, c).
        weights: Quality that one unit of each dimension is worth, (c,).
        allowed: Whether each option is open, (n, k); all by default.
        least: The λ if the budget does not bind.

    Raises:
        BudgetError: No λ meets the budget.
    """
    limits = np.atleast_1d(np.asarray(budget, dtype=np.float64))
    table = np.asarray(costs, dtype=np.float64)

    def spent(lam: float) -> Floats:
        index = select(quality, table, weights, lam=lam, allowed=allowed).index
        chosen = np.take_along_axis(table, index[:, None, None], axis=1)[:, 0]
        return np.asarray(chosen.mean(axis=0))

    if (spent(least) <= limits).all():
        return least
    low, high = least, max(least, 1e-6)
    for _ in range(DOUBLINGS):
        high *= 2
        if (spent(high) <= limits).all():
            break
        low = high
    else:
        raise BudgetError(
            f"a mean budget of {_listed(limits)} per query cannot be met: the cheapest choice costs "
            f"{_listed(spent(high))}; raise the budget, give the dimension a weight, or add cheaper options"
        )
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if (spent(middle) <= limits).all():
            high = middle
        else:
            low = middle
    return high


def _listed(amounts: Floats) -> str:
    return ", ".join(f"{amount:.4g}" for amount in amounts)


def cheapest_passing(
    quality: ArrayLike, price: ArrayLike, share: float, allowed: ArrayLike | None = None
) -> NDArray[np.intp]:
    """Return the cheapest option whose predicted quality reaches ``share``, or the best if none does.

    The rule of Malekpour et al. 2024 (arXiv 2411.04319), if the prediction is the option's success rate on
    the most similar queries: ``knn`` with uniform weights.

    Args:
        quality: Predicted quality, (k,) or (n, k).
        price: Weighted cost, (k,) or (n, k).
        share: The required quality.
        allowed: Whether each option is open; all by default.
    """
    predicted = np.asarray(quality, dtype=np.float64)
    if allowed is not None:
        predicted = np.where(np.asarray(allowed, dtype=bool), predicted, -np.inf)
    passing = predicted >= share
    cheapest_ = np.where(passing, np.asarray(price, dtype=np.float64), np.inf).argmin(axis=-1)
    return np.asarray(np.where(passing.any(axis=-1), cheapest_, predicted.argmax(axis=-1)))
