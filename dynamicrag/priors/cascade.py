"""The value of a cascade: draft with a weaker model, and escalate to a stronger one on doubt.

Two models fail on the same questions more often than by chance, because a question is hard for both. A
normal spread of the question's difficulty, common to both models, gives that dependence. The signals of a
draft tell a right one from a wrong one with a known AUROC; a binormal model (Hanley and McNeil 1982) turns it
into the shares of right and of wrong drafts that each threshold escalates.

Source: the trade-off of Chen et al. 2023, FrugalGPT (arXiv 2305.05176), and Dekoninck et al. 2024 (arXiv
2410.10347), in closed form instead of a fit on recorded drafts.
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

NODES = 9
"""Nodes of the Gauss-Hermite quadrature over the difficulty."""
THRESHOLDS = 31
"""Number of thresholds tried; the first escalates no draft and the last every draft."""
NORMAL = NormalDist()


class Pair(NamedTuple):
    """Two models on one question.

    Attributes:
        weak: P(the weaker one is right).
        strong: P(the stronger one is right).
        if_right: P(the stronger one is right | the weaker one is).
        if_wrong: P(the stronger one is right | the weaker one is not).
    """

    weak: float
    strong: float
    if_right: float
    if_wrong: float


class Cascade(NamedTuple):
    """The best cascade of two models.

    Attributes:
        quality: P(the accepted draft is right).
        escalated: Share of drafts that it escalates.
        worth: Quality less the price of the escalated drafts.
    """

    quality: float
    escalated: float
    worth: float


def pair(weak: float, strong: float, spread: float) -> Pair:
    """Return the joint probabilities of two models.

    Args:
        weak: Logit of P(the weaker one is right), given the question's expected difficulty.
        strong: Logit of the stronger one.
        spread: Standard deviation of the difficulty, in logits.
    """
    right = other = both = 0.0
    for node, weight in _quadrature():  # few numbers: faster than arrays
        first = 1.0 / (1.0 + math.exp(-(weak + spread * node)))
        second = 1.0 / (1.0 + math.exp(-(strong + spread * node)))
        right += weight * first
        other += weight * second
        both += weight * first * second
    return Pair(right, other, both / right, (other - both) / (1.0 - right))


def cascade(models: Pair, price: float, auroc: float) -> Cascade:
    """Return the cascade with the best threshold.

    Args:
        models: The two models.
        price: Weighted cost of the stronger model's draft, in units of quality.
        auroc: AUROC of the signals that tell right drafts of the weaker model from wrong ones, from .5 to 1.
    """
    lost = models.weak * (1.0 - models.if_right)
    mended = (1.0 - models.weak) * models.if_wrong
    best = Cascade(models.weak, 0.0, models.weak)
    for right, wrong in _escalated(auroc):
        share = models.weak * right + (1.0 - models.weak) * wrong
        quality = models.weak - right * lost + wrong * mended
        if quality - price * share > best.worth:
            best = Cascade(quality, share, quality - price * share)
    return best


def redo(models: Pair, believed: float) -> float:
    """Return P(the stronger model is right), given the belief that the weaker one's draft is."""
    return believed * models.if_right + (1.0 - believed) * models.if_wrong


@lru_cache(maxsize=1)
def _quadrature() -> tuple[tuple[float, float], ...]:
    """Return the nodes of a standard normal variable and their weights."""
    from numpy.polynomial.hermite_e import hermegauss

    nodes, weights = hermegauss(NODES)
    return tuple(zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True))


@lru_cache(maxsize=32)
def _escalated(auroc: float) -> tuple[tuple[float, float], ...]:
    """Return the shares of right and of wrong drafts below each threshold, in rising order."""
    apart = 2**0.5 * NORMAL.inv_cdf(min(max(auroc, 0.5), 0.999))
    steps = THRESHOLDS - 2
    at = [-3.0 + (6.0 + apart) * i / (steps - 1) for i in range(steps)]
    return *((NORMAL.cdf(x - apart), NORMAL.cdf(x)) for x in at), (1.0, 1.0)
