"""Explains a trained router's decision: the features in its favour, and the choices at other weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynamicrag.cost.vector import Dimension
from dynamicrag.features.base import Seen
from dynamicrag.predictors.selection import select
from dynamicrag.records import Decision
from dynamicrag.routers.estimator import Estimator

LAMBDAS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 16.0)


def insight(
    estimator: Estimator,
    query: Seen,
    decision: Decision,
    names: Mapping[str, str],
    weights: Mapping[Dimension, float],
) -> dict[str, Any]:
    """Return the basis of a decision.

    Args:
        estimator: The estimator of the qualities.
        query: The question with the signals known at that time.
        decision: The decision.
        names: The estimator's name of every option; options without one are left out.
        weights: Quality that one unit of each cost dimension is worth.

    Returns:
        ``rival``: the best other open option by predicted quality, or ``None``. ``effects``: ``feature``
        and ``effect`` on the predicted lead over it, heaviest first. ``neighbours``: ``query_id``,
        ``question`` and ``distance`` of the nearest training queries, if the predictor has any.
        ``at_lambda``: ``lambda`` and the ``option`` chosen at that λ.
    """
    chosen = decision["chosen"]
    quality = dict(zip(decision["options"], decision["quality"], strict=True))
    open_ = [name for name, allowed in zip(decision["options"], decision["allowed"], strict=True) if allowed]
    rivals = [name for name in open_ if name != chosen and name in names]
    rival = max(rivals, key=lambda name: quality[name] or 0.0, default=None)
    effects = estimator.effects(query, names[chosen], names[rival]) if rival and chosen in names else []
    return {
        "rival": rival,
        "effects": [{"feature": name, "effect": effect} for name, effect in effects],
        "neighbours": [
            {"query_id": name, "question": text, "distance": distance}
            for name, text, distance in estimator.neighbours(query)
        ],
        "at_lambda": what_if(decision, weights),
    }


def weights_of(decision: Decision, own: Mapping[Dimension, float]) -> Mapping[Dimension, float]:
    """Return the weights that a decision was made at: the router's, or those of its call."""
    return {**own, **decision.get("weights", {})}


def what_if(
    decision: Decision, weights: Mapping[Dimension, float], lambdas: Sequence[float] = LAMBDAS
) -> list[dict[str, Any]]:
    """Return the option chosen at other λ, given a decision's figures.

    An option without a prediction is never chosen.
    """
    quality = np.array([0.0 if q is None else q for q in decision["quality"]])
    allowed = [a and q is not None for a, q in zip(decision["allowed"], decision["quality"], strict=True)]
    expected = decision["expected"]
    # an unknown cost must not favour an option: it counts as the highest known cost
    highest = {d: max((cost[d] or 0.0 for cost in expected), default=0.0) for d in weights}
    costs = np.array(
        [[highest[d] if (amount := cost[d]) is None else amount for d in weights] for cost in expected]
    )
    costs = costs.reshape(len(quality), -1)
    worth = list(weights.values())

    def chosen(lam: float) -> str:
        return decision["options"][int(select(quality, costs, worth, lam=lam, allowed=allowed).index)]

    return [{"lambda": lam, "option": chosen(lam)} for lam in lambdas]
