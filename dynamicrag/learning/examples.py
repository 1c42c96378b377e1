"""Training examples of a learner: the decision that a reward credits, and the number to learn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.routers.online import NOTHING_KNOWN, Online
from dynamicrag.store.logged import Feedback, LoggedDecision, LoggedQuery
from dynamicrag.topology import VERIFICATION

KEPT = "kept"
"""Router of a decision to keep a task's model, which repeats the choice of another router."""
NOT_CHOSEN = frozenset({"forced", "fallback", KEPT})
"""Routers of decisions that no router made."""
Weight = Callable[[str], float]
"""Function from a source of feedback to the weight of its rewards, in observations; 0 ignores it."""


@dataclass(frozen=True, slots=True)
class Example:
    """One reward or preference for a learner.

    Attributes:
        x: The learner's features, (d,).
        option: Name of the option.
        value: The number to learn: reward minus base; for a preference y, from 0 to 1.
        weight: Its weight, in observations.
        rival: For a preference, the other option; else ``""``.
        lead: For a preference, the base's lead of the option over its rival.
    """

    x: NDArray[np.float64]
    option: str
    value: float
    weight: float
    rival: str = ""
    lead: float = 0.0


def examples(router: Online, query: LoggedQuery, item: Feedback, weight: Weight) -> list[Example]:
    """Return the examples that a learner takes from one feedback on a query.

    A reward credits the last decision of the learner's stage, if its option is on the path in force at the
    end; at verification it credits every move. Feedback on another stage, choices that no router made, and
    decisions without the base estimate that the learner starts from give no example.

    Args:
        router: The learner's router.
        query: The query.
        item: The feedback.
        weight: Weight by source.
    """
    share = weight(item.source)
    if share <= 0 or item.stage not in ("", router.stage):
        return []
    found = []
    for decision in credited(query, router.stage):
        x = router.row(decision.features, query.vector, query.embedder)
        if item.score is None:
            if item.y is None or not {item.a, item.b} <= set(decision.options):
                continue
            own, other = (_base(router, decision, name) for name in (item.a, item.b))
            if own is not None and other is not None:
                found.append(Example(x, item.a, item.y, share, item.b, own - other))
            continue
        base = _base(router, decision, decision.chosen)
        if base is not None:
            reward = item.score - base - _price(router, query, decision)
            found.append(Example(x, decision.chosen, reward, share))
    return found


def credited(query: LoggedQuery, stage: str) -> list[LoggedDecision]:
    """Return the decisions of a stage that a reward on the query credits."""
    own = [each for each in query.decisions if each.stage == stage and each.router != KEPT]
    if stage != VERIFICATION:
        own = [each for each in own[-1:] if query.path.get(stage) == each.chosen]
    return [each for each in own if each.router not in NOT_CHOSEN]


def _base(router: Online, decision: LoggedDecision, option: str) -> float | None:
    """Return the estimate of an option that the learner starts from; ``None`` if it was not made."""
    if router.base is None:
        return NOTHING_KNOWN
    if decision.router not in (router.registered, router.base.registered):
        return None
    return decision.base[decision.options.index(option)]


def _price(router: Online, query: LoggedQuery, decision: LoggedDecision) -> float:
    """Return the weighted realised cost, for a scalar reward; the expected cost where it is not known."""
    if router.reward != "scalar":
        return 0.0
    expected = decision.expected[decision.index]
    total = 0.0
    for dimension, worth in router.weights.items():
        amount = query.cost.get(dimension)
        amount = expected.get(dimension) if amount is None else amount
        total += worth * (amount or 0.0)
    return total
