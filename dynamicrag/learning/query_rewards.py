"""The reward of a query: the weighted mean of the feedback on its answer."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dynamicrag.learning.examples import Weight
from dynamicrag.store.logged import Feedback


@dataclass(slots=True)
class QueryRewards:
    """The rewards of queries, and the feedback that is no reward of an answer.

    Attributes:
        reward: Reward by query; a query without feedback is missing.
        oldest: The smallest number of feedback that counts, by query.
        pairs: Number of preferences.
        stages: Number of rewards of a single stage.
        others: Number of rewards by source, for sources without a weight.
    """

    reward: dict[str, float] = field(default_factory=dict)
    oldest: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    stages: int = 0
    others: dict[str, int] = field(default_factory=dict)


def query_rewards(feedback: Iterable[Feedback], weight: Weight) -> QueryRewards:
    """Return the rewards of queries.

    Args:
        feedback: The feedback.
        weight: Weight by source; a source of weight 0 does not count.
    """
    found = QueryRewards()
    sums: dict[str, list[float]] = {}
    for each in feedback:
        share = weight(each.source)
        if each.score is None:
            found.pairs += 1
        elif each.stage:
            found.stages += 1
        elif share <= 0:
            found.others[each.source] = found.others.get(each.source, 0) + 1
        else:
            total = sums.setdefault(each.query_id, [0.0, 0.0])
            total[0] += share * each.score
            total[1] += share
            key = each.query_id
            found.oldest[key] = min(found.oldest.get(key, each.number), each.number)
    found.reward = {key: total / shares for key, (total, shares) in sums.items()}
    return found
