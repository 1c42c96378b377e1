"""Reads of the feedback in the decision log: all of it, that on a query, and how much was learnt when."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynamicrag.records import Decision
from dynamicrag.store.logged import Feedback

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


def learnt(log: "Log", decisions: Sequence[Decision]) -> Mapping[str, int]:
    """Return the number of stored scores and preferences that a router had read, by the decision's id.

    Only decisions of routers that learn online are in it.
    """
    online = {each["id"]: each.get("state", 0) for each in decisions if _is_online(each)}
    if not online:
        return {}
    numbers = np.array([item.number for item in all_feedback(log)])
    return {name: int(np.count_nonzero(numbers <= state)) for name, state in online.items()}


def _is_online(decision: Decision) -> bool:
    """Return whether a router that learns online decided: it had learnt, or it estimates beyond a base."""
    base = decision.get("base")
    return bool(decision.get("state")) or (base is not None and base != decision["quality"])
