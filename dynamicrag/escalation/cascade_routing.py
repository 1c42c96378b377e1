"""``cascade_routing``: the best set of further options at every step, in any order."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from dynamicrag.escalation.base import ACCEPT, POLICIES, EscalationPolicy, Verdict
from dynamicrag.escalation.beliefs import Beliefs
from dynamicrag.predictors.checks import Floats

GRID = 41
"""Number of grid points of a distribution, from 0 to 1."""


@POLICIES.register("cascade_routing")
class CascadeRouting(EscalationPolicy):
    """At every step picks the set of further options with the best E[max quality] − λ·cost; tries its first.

    Cascade Routing (Dekoninck, Baader and Vechev 2024, arXiv 2410.10347): such a set is a *supermodel*, whose
    quality is the quality of its best draft, with the uncertainty of the estimates; a set with a useless
    option never wins, because that option costs. Options may be skipped and taken in any order; the cheapest
    of the set is tried first, and the policy ends if the best set is empty. It then takes the best draft or
    (our addition) abstains, by their worth.

    Args:
        deep: Largest number of further options in a set.
    """

    def __init__(self, *, deep: int = 2) -> None:
        self.deep = deep

    def _decide(self, beliefs: Beliefs, lam: float) -> Verdict:
        rows, k = beliefs.mean.shape
        can, cost = beliefs.open, np.where(np.isfinite(beliefs.cost), beliefs.cost, 0.0)
        below = _below(beliefs)
        at_hand = beliefs.worth
        best = np.full(rows, -np.inf)
        best[beliefs.tried.any(axis=1)] = at_hand[beliefs.tried.any(axis=1)]
        step = np.full(rows, ACCEPT, dtype=np.intp)
        floor = np.linspace(0, 1, GRID) >= at_hand[:, None]
        for own in _sets(k, self.deep):
            price = _price(cost, own, beliefs)
            always_fits = beliefs.room[:, own][:, :, own].all(axis=(1, 2))
            possible = can[:, own].all(axis=1) & always_fits & (price <= beliefs.budget)
            # E[max] of independent estimates: the integral of 1 − the product of their distributions
            together = floor * below[:, own].prod(axis=1)
            gain = 1.0 - np.trapezoid(together, dx=1 / (GRID - 1), axis=1)
            worth = np.where(possible, gain - lam * price, -np.inf)
            better = worth > best + 1e-9
            first = np.array(own)[cost[:, own].argmin(axis=1)]
            step = np.where(better, first, step)
            best = np.maximum(best, worth)
        return Verdict(step, beliefs.best)


def _price(cost: Floats, own: list[int], beliefs: Beliefs) -> Floats:
    """Return the cost of a set; along a chain, that of its furthest option."""
    price = np.zeros(len(cost))
    chain = beliefs.chain[own]
    for number in np.unique(chain):
        members = [option for option, link in zip(own, chain, strict=True) if link == number]
        price += cost[:, members].max(axis=1) if number >= 0 else cost[:, members].sum(axis=1)
    return price


def _below(beliefs: Beliefs) -> Floats:
    """Return the distribution of each option's estimate over the grid, (n, k, GRID)."""
    from scipy.special import ndtr

    spread = np.maximum(beliefs.spread, 1e-3)[:, :, None]
    return np.asarray(ndtr((np.linspace(0, 1, GRID) - beliefs.mean[:, :, None]) / spread))


def _sets(k: int, deep: int) -> Iterator[list[int]]:
    return (list(own) for size in range(1, min(deep, k) + 1) for own in combinations(range(k), size))
