"""Why a learnt router decided as it did: what spoke for its choice, and what else it would have taken."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dynamicrag.cost.vector import Dimension
from dynamicrag.features.base import Seen
from dynamicrag.predictors.selection import select
from dynamicrag.routers.learned import Learned
from dynamicrag.types import Decision

LAMBDAS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 16.0)


def insight(router: Learned, decision: Decision, question: str) -> dict[str, Any]:
    """Return what is behind a decision.

    Args:
        router: The router that took it.
        decision: The decision.
        question: The question, as the router saw it.

    Returns:
        ``rival``: the best other open option by predicted quality, or ``None``. ``effects``: ``feature``
        and ``effect`` on the predicted lead over it, heaviest first. ``neighbours``: ``query_id``,
        ``question`` and ``distance`` of the nearest training queries, where the predictor has any.
        ``at_lambda``: ``lambda`` and the ``option`` that it would have taken there.
    """
    query = Seen(question, decision["features"])
    chosen = decision["chosen"]
    quality = dict(zip(decision["options"], decision["quality"], strict=True))
    open_ = [name for name, allowed in zip(decision["options"], decision["allowed"], strict=True) if allowed]
    rivals = [name for name in open_ if name != chosen]
    rival = max(rivals, key=lambda name: quality[name] or 0.0, default=None)
    effects = router.estimator.effects(query, chosen, rival) if rival else []
    return {
        "rival": rival,
        "effects": [{"feature": name, "effect": effect} for name, effect in effects],
        "neighbours": [
            {"query_id": name, "question": text, "distance": distance}
            for name, text, distance in router.estimator.neighbours(query)
        ],
        "at_lambda": what_if(decision, router.weights),
    }


def what_if(
    decision: Decision, weights: Mapping[Dimension, float], lambdas: Sequence[float] = LAMBDAS
) -> list[dict[str, Any]]:
    """Return the option that a decision's figures would have led to at other λ."""
    quality = np.array([np.nan if q is None else q for q in decision["quality"]])
    costs = np.array([[cost[d] for d in weights] for cost in decision["expected"]]).reshape(len(quality), -1)
    worth = list(weights.values())
    taken = [
        int(select(quality, costs, worth, lam=lam, allowed=decision["allowed"]).index) for lam in lambdas
    ]
    return [
        {"lambda": lam, "option": decision["options"][index]}
        for lam, index in zip(lambdas, taken, strict=True)
    ]
