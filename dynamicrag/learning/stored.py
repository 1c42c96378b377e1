"""Reads of the decision log: decisions as callers know them, feedback on a query, and what was learnt when."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynamicrag.store.logged import Feedback, LoggedDecision, LoggedQuery
from dynamicrag.types import Decision

if TYPE_CHECKING:
    from dynamicrag.store.log import Log

PAGE = 1_000


def all_feedback(log: "Log") -> list[Feedback]:
    """Return all stored feedback, in the order of its numbers."""
    found: list[Feedback] = []
    while page := log.feedbacks(after=found[-1].number if found else 0, most=PAGE):
        found += page
    return found


def feedback_on(log: "Log", query_id: str) -> list[Feedback]:
    """Return the feedback on a query, in the order of its numbers."""
    return log.feedbacks(query_ids=[query_id])


def decisions_of(query: LoggedQuery) -> list[Decision]:
    """Return the decisions of a query; reasons, limits and the cost of choosing are not in the log."""
    return [_decision(query, each) for each in query.decisions]


def learnt(log: "Log", decisions: Sequence[Decision]) -> Mapping[str, int]:
    """Return how many stored scores and preferences a decision's router had read, by the decision's id.

    Only decisions of routers that learn online are in it.
    """
    online = {decision["id"]: decision.get("state", 0) for decision in decisions if "base" in decision}
    if not online:
        return {}
    numbers = np.array([item.number for item in all_feedback(log)])
    return {name: int(np.count_nonzero(numbers <= state)) for name, state in online.items()}


def _decision(query: LoggedQuery, each: LoggedDecision) -> Decision:
    decision = Decision(
        id=f"{query.id}-{each.seq}",
        turn=query.id,
        seq=each.seq,
        stage=each.stage,
        options=list(each.options),
        allowed=list(each.allowed),
        expected=[dict(cost) for cost in each.expected],
        quality=list(each.quality),
        chosen=each.chosen,
        propensity=each.propensity,
        chances=list(each.chances),
        router=each.router,
        reason="",
        binding=None,
        features=dict(each.features),
        cost={},
    )
    if each.state or _differ(each.base, each.quality):
        decision["base"], decision["state"] = list(each.base), each.state
    return decision


def _differ(one: Iterable[float | None], other: Iterable[float | None]) -> bool:
    return tuple(one) != tuple(other)
