"""What a recorded table comes to: each path's quality and cost, and what choosing well could give."""

import math
from typing import Any

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.record.outcome import EXACT
from dynamicrag.lab.record.scoring import OBEYED
from dynamicrag.lab.scores import agreement
from dynamicrag.predictors.checks import Floats

DRAWS = 2000
_CLOSE = 1e-9


def figures(table: OutcomeTable) -> dict[str, Any]:
    """Return the figures of a table.

    Returns:
        ``paths``: by name, ``path``, ``runs``, ``failed``, ``error`` (the first), ``quality``, its 95 %
        bootstrap interval ``low`` and ``high`` (over the rows that have a quality; ``None`` without any) and
        the means of costs.
        ``oracle``: likewise, for the cheapest (in joules) of the best paths of every query.
    """
    paths: dict[str, Any] = {}
    for column, name in enumerate(table.options):
        outcomes = [row.outcomes[name] for row in table.rows if name in row.outcomes]
        paths[name] = {
            "path": dict(table.paths.get(name, {})),
            "runs": len(outcomes),
            "failed": sum(outcome.error is not None for outcome in outcomes),
            "error": next((o.error for o in outcomes if o.error is not None), None),
            **mean_of(table.quality[:, column]),
            **{cost: _mean(table.fact(cost)[:, column]) for cost in _costs(table)},
        }
    return {"queries": len(table), "paths": paths, "oracle": _oracle(table)}


def _costs(table: OutcomeTable) -> list[str]:
    """Return the costs that a table has recorded."""
    return [name for name in (*DIMENSIONS, "input_tokens", "output_tokens") if name in table.facts]


def mean_of(values: Floats, seed: int = 0) -> dict[str, Any]:
    """Return ``quality``, ``low``, ``high`` and ``scored`` of the values that are not NaN, (n,)."""
    seen = values[~np.isnan(values)]
    if not len(seen):
        return {"quality": None, "low": None, "high": None, "scored": 0}
    draws = np.random.default_rng(seed).choice(seen, (DRAWS, len(seen))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"quality": float(seen.mean()), "low": float(low), "high": float(high), "scored": len(seen)}


def _oracle(table: OutcomeTable) -> dict[str, Any]:
    rows = ~np.isnan(table.quality).all(axis=1)
    if not rows.any():
        return mean_of(np.array([]))
    quality = np.where(np.isnan(table.quality[rows]), -np.inf, table.quality[rows])
    best = quality.max(axis=1)
    joules = np.nan_to_num(table.fact("joules")[rows], nan=np.inf)
    taken = np.where(quality >= best[:, None] - _CLOSE, joules, np.inf).argmin(axis=1)
    pick = np.arange(len(taken)), taken
    shares = np.bincount(taken, minlength=len(table.options)) / len(taken)
    return {
        **mean_of(best),
        **{cost: _mean(table.fact(cost)[rows][pick]) for cost in _costs(table)},
        "shares": {name: float(s) for name, s in zip(table.options, shares, strict=True) if s},
    }


def judge_agreement(table: OutcomeTable) -> dict[str, Any]:
    """Return how a judge agrees with exact scores where both exist, and how often it did not say."""
    facts = [o.facts for row in table.rows for o in row.outcomes.values()]
    agreed: dict[str, Any] = {}
    for score in EXACT:
        both = [(fact["judge"], fact[score]) for fact in facts if "judge" in fact and score in fact]
        if both:
            share, kappa = agreement([judge for judge, _ in both], [exact for _, exact in both])
            agreed[score] = {
                "share": share,
                "kappa": None if math.isnan(kappa) else kappa,
                "pairs": len(both),
            }
    return {"disobeyed": sum(fact.get(OBEYED) == 0.0 for fact in facts), "agreement": agreed}


def _mean(values: Floats) -> float | None:
    return float(np.nanmean(values)) if not np.isnan(values).all() else None
