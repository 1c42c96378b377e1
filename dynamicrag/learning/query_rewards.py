"""The reward of a query: the weighted mean of the feedback on its answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dynamicrag.store.logged import Feedback

__all__ = ["SOURCES", "QueryRewards", "query_rewards"]

SOURCES: Mapping[str, float] = {"user": 1.0, "gold": 1.0}
"""Weights of the sources of feedback, if the policy names none."""


@dataclass(slots=True)
class QueryRewards:
    """The rewards of queries, and the feedback that is no reward of an answer.

    Attributes:
        reward: Reward by query; a query without feedback is missing.
        newest: The largest number of feedback that counts, by query.
        oldest: The smallest such number, by query.
        pairs: Number of preferences.
        stages: Number of rewards of a single stage.
        others: Number of rewards by source, for sources without a weight.
    """

    reward: dict[str, float] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    stages: int = 0
    others: dict[str, int] = field(default_factory=dict)


def query_rewards(feedback: Iterable[Feedback], sources: Mapping[str, float] = SOURCES) -> QueryRewards:
    """Return the rewards of queries.

    Args:
        feedback: The feedback.
        sources: Weight of each source; others do not count.
    """
    found = QueryRewards()
    sums: dict[str, list[float]] = {}
    for each in feedback:
        weight = sources.get(each.source, 0.0)
        if each.score is None:
            found.pairs += 1
        elif each.stage:
            found.stages += 1
        elif weight <= 0:
            found.others[each.source] = found.others.get(each.source, 0) + 1
        else:
            total = sums.setdefault(each.query_id, [0.0, 0.0])
            total[0] += weight * each.score
            total[1] += weight
            key = each.query_id
            found.newest[key] = max(found.newest.get(key, 0), each.number)
            found.oldest[key] = min(found.oldest.get(key, each.number), each.number)
    found.reward = {key: total / weight for key, (total, weight) in sums.items()}
    return found
