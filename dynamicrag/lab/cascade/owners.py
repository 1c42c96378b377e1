"""The verifier that gives a signal: its cost, and whether the signal is a probability."""

from collections.abc import Mapping

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.predictors.checks import Floats
from dynamicrag.verify.base import VERIFIERS, Signal, Verifier

_RECORDED = ("usd", "seconds", "joules")
"""Dimensions that a recorded table has of every verifier with a cost."""


def owner_of(signal: str) -> str:
    """Return the name of the verifier that gives a signal; the signal's name where none is known."""
    found = _giver(signal)
    return signal if found is None else found[0].registered


def spent_in(table: OutcomeTable, unit: str) -> dict[str, Floats]:
    """Return the cost of each verifier for every draft, by its name, each (n, k).

    Verifiers that call no model, embed nothing and compute little are not there. NaN where the cost was not
    recorded in that unit.

    Args:
        table: The drafts.
        unit: The unit of costs.
    """
    spent = {}
    for fact in table.facts:
        name = fact.removesuffix(f"_{_RECORDED[0]}")
        if name == fact or not all(f"{name}_{dimension}" in table.facts for dimension in _RECORDED):
            continue
        own = f"{name}_{unit}"
        known = unit in DIMENSIONS and own in table.facts
        spent[name] = np.nan_to_num(table.fact(own)) if known else np.full(table.quality.shape, np.nan)
    return spent


def verifier_cost(spent: Mapping[str, Floats], cost: Floats, signal: str | None) -> tuple[Floats, Floats]:
    """Return the cost of a signal's verifier, and that of the drafts without any verification, each (n, k).

    Args:
        spent: From :func:`spent_in`.
        cost: Of the drafts with verification, (n, k).
        signal: Name of the signal; ``None`` for all verifiers together.
    """
    every = sum(spent.values(), np.zeros(cost.shape))
    own = every if signal is None else spent.get(owner_of(signal), np.zeros(cost.shape))
    return own, cost - every


def as_probability(name: str, signal: Floats) -> Floats:
    """Return the signal as a probability of being right, or NaN if it is not one.

    A verifier declares the range of its signal and its direction. A signal of no verifier is a probability if
    all its values are from 0 to 1.
    """
    known = np.isfinite(signal)
    found = _giver(name)
    if found is not None:
        verifier, (_, low, high) = found
        falls = not verifier.rises
    else:
        low, high = (signal[known].min(), signal[known].max()) if known.any() else (0.0, 1.0)
        falls = False
    if low < 0 or high > 1:
        return np.full(signal.shape, np.nan)
    return 1 - signal if falls else signal


def _giver(signal: str) -> tuple[type[Verifier], Signal] | None:
    for name in VERIFIERS:
        for own in VERIFIERS[name].gives:
            if own.name == signal:
                return VERIFIERS[name], own
    return None
