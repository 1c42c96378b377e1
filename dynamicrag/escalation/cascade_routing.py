"""``cascade_routing``: the best set of further options at every step, in any order."""

from functools import lru_cache
from itertools import combinations

import numpy as np

from dynamicrag.escalation.base import ACCEPT, POLICIES, EscalationPolicy, Verdict
from dynamicrag.escalation.beliefs import Beliefs
from dynamicrag.predictors.checks import Floats

GRID = 41
"""Points at which a distribution is looked at, from 0 to 1."""


@POLICIES.register("cascade_routing")
class CascadeRouting(EscalationPolicy):
    """At every step picks the set of further options with the best E[max quality] − λ·cost; tries its first.

    Cascade Routing (Dekoninck, Baader and Vechev 2024, arXiv 2410.10347): such a set is a *supermodel*,
    whose quality is that of the best of its drafts, with the uncertainty of the estimates; a set that has
    an option which adds nothing is left out by itself, for it costs. Options may be skipped and taken in
    any order; the cheapest of the set is tried first, and it ends where the best set is empty. The end at
    hand is the best draft or, ours, to abstain, whichever is worth more.

    Args:
        deep: Most further options in a set.
    """

    def __init__(self, *, deep: int = 2) -> None:
        self.deep = deep

    def _decide(self, beliefs: Beliefs, lam: float) -> Verdict:
        rows, k = beliefs.mean.shape
        sets = _sets(k, self.deep)
        can, cost = beliefs.open, np.where(np.isfinite(beliefs.cost), beliefs.cost, 0.0)
        below = _below(beliefs)
        at_hand = beliefs.worth
        best = np.full(rows, -np.inf)
        best[beliefs.tried.any(axis=1)] = at_hand[beliefs.tried.any(axis=1)]
        step = np.full(rows, ACCEPT, dtype=np.intp)
        floor = np.linspace(0, 1, GRID) >= at_hand[:, None]
        for members in sets:
            own = list(members)
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
    """Return what a set costs: along a chain, as much as its furthest."""
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


@lru_cache(maxsize=16)
def _sets(k: int, deep: int) -> tuple[tuple[int, ...], ...]:
    return tuple(own for size in range(1, min(deep, k) + 1) for own in combinations(range(k), size))
