"""The value of a cascade: draft with a weaker model, and escalate to a stronger one on doubt.

Two models fail on the same questions more often than by chance, because a question is hard for both. A
normal spread of the question's difficulty, common to both models, gives that dependence. The signals of a
draft tell a right one from a wrong one with a known AUROC; a binormal model (Hanley and McNeil 1982) turns it
into the shares of right and of wrong drafts that each threshold escalates.

Source: the trade-off of Chen et al. 2023, FrugalGPT (arXiv 2305.05176), and Dekoninck et al. 2024 (arXiv
2410.10347), in closed form instead of a fit on recorded drafts.
"""

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from dynamicrag.predictors.checks import Floats

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
NORMAL = NormalDist()
THRESHOLDS = 31
"""Number of thresholds tried; the first escalates no draft and the last every draft."""


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
    first, second = _sigmoid(weak + spread * NODES), _sigmoid(strong + spread * NODES)
    right, other, both = (float(WEIGHTS @ p) for p in (first, second, first * second))
    return Pair(right, other, both / right, (other - both) / (1.0 - right))


def cascade(models: Pair, price: float, auroc: float) -> Cascade:
    """Return the cascade with the best threshold.

    Args:
        models: The two models.
        price: Weighted cost of the stronger model's draft, in units of quality.
        auroc: AUROC of the signals that tell right drafts of the weaker model from wrong ones, from .5 to 1.
    """
    right, wrong = _escalated(auroc)
    share = models.weak * right + (1.0 - models.weak) * wrong
    quality = (
        models.weak * (1.0 - right * (1.0 - models.if_right)) + (1.0 - models.weak) * wrong * models.if_wrong
    )
    worth = quality - price * share
    best = int(worth.argmax())
    return Cascade(float(quality[best]), float(share[best]), float(worth[best]))


def redo(models: Pair, believed: float) -> float:
    """Return P(the stronger model is right), given the belief that the weaker one's draft is."""
    return believed * models.if_right + (1.0 - believed) * models.if_wrong


@lru_cache(maxsize=32)
def _escalated(auroc: float) -> tuple[Floats, Floats]:
    """Return the shares of right and of wrong drafts below each threshold, in rising order, (t,) each."""
    apart = 2**0.5 * NORMAL.inv_cdf(min(max(auroc, 0.5), 0.999))
    at = np.linspace(-3.0, 3.0 + apart, THRESHOLDS - 2)
    right, wrong = ([NORMAL.cdf(x - apart) for x in at], [NORMAL.cdf(x) for x in at])
    return np.array([0.0, *right, 1.0]), np.array([0.0, *wrong, 1.0])


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
