"""The part of the decision log that a comparison uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamicrag.errors import MOST_NAMES, InputError
from dynamicrag.learning.examples import Weight
from dynamicrag.learning.query_rewards import QueryRewards, query_rewards
from dynamicrag.learning.stored import all_feedback
from dynamicrag.predictors.checks import Floats
from dynamicrag.store.log import Log
from dynamicrag.store.logged import LoggedQuery

NOTHING = "the log has no query of this policy and time; "


@dataclass(frozen=True, slots=True)
class Evidence:
    """Logged queries, n of them, and their outcomes.

    Attributes:
        queries: The queries, oldest first.
        rewards: Their rewards.
    """

    queries: Sequence[LoggedQuery]
    rewards: QueryRewards

    def quality(self) -> Floats:
        """Return the reward of every query, (n,); NaN without feedback."""
        return np.array([self.rewards.reward.get(query.id, np.nan) for query in self.queries])

    def cost(self, dimension: str) -> Floats:
        """Return the settled cost of every query in a dimension, (n,); NaN if unknown."""
        amounts = [query.cost.get(dimension) for query in self.queries]
        return np.array([np.nan if amount is None else float(amount) for amount in amounts])

    def utility(self, weights: Mapping[str, float]) -> Floats:
        """Return quality less weighted cost of every query, (n,); NaN if a part is unknown."""
        found = self.quality()
        for dimension, weight in weights.items():
            if weight:
                found = found - weight * self.cost(dimension)
        return found

    @property
    def dimensions(self) -> list[str]:
        """The cost dimensions that any query has settled."""
        return list(dict.fromkeys(d for q in self.queries for d, a in q.cost.items() if a is not None))


def read(log: Log, weight: Weight, policy: str | None = None, since: float = 0.0) -> Evidence:
    """Read queries and their feedback from the log.

    Args:
        log: The log.
        weight: Weight of a reward by its source.
        policy: Name of the policy; all by default.
        since: Time of the first query, in seconds since the epoch.

    Raises:
        InputError: There is no such query.
        RunsError: The log cannot be read.
    """
    queries = list(log.queries(since=since, policy=policy))
    if not queries:
        others = sorted({query.policy for query in log.queries()})
        known = f"policies in the log: {', '.join(others[:MOST_NAMES])}; change --policy or --since"
        raise InputError(NOTHING + (known if others else "ask with a policy that keeps runs"))
    ids = {query.id for query in queries}
    return Evidence(queries, query_rewards((f for f in all_feedback(log) if f.query_id in ids), weight))
