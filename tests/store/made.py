"""Queries and feedback for tests of the decision log."""

from dataclasses import replace
from typing import Any

import numpy as np

from dynamicrag.store.logged import Feedback, LoggedDecision, LoggedQuery

DECISION = LoggedDecision(
    stage="generator",
    seq=3,
    router="linucb",
    state=7,
    options=("small", "large"),
    allowed=(True, True),
    chosen="large",
    chances=(0.25, 0.75),
    expected=({"usd": 0.5, "joules": None}, {"usd": 1.5, "joules": 20.0}),
    quality=(0.4, None),
    base=(0.5, None),
    features={"words": 4.0, "share": 0.5},
)
QUERY = LoggedQuery(
    id="q1",
    at=1000.0,
    policy="balanced",
    path={"retrieval": "single", "generator": "large"},
    decisions=(
        replace(DECISION, stage="retrieval", seq=0, base=DECISION.quality, features={"words": 4.0}),
        DECISION,
    ),
    thread="t",
    tags=("beta",),
    weights={"usd": 20.0},
    signals={"groundedness": 0.7},
    embedder="all-minilm",
    vector=np.array([0.25, -0.5], np.float16),
)


def query(number: int, **changes: Any) -> LoggedQuery:
    return replace(QUERY, id=f"q{number}", at=1000.0 + number, **changes)


def thumb(query_number: int, score: float | None = 1.0, **changes: Any) -> Feedback:
    return replace(Feedback(f"q{query_number}", "thumb", "user", 2000.0, score), **changes)


def same(one: LoggedQuery | None, other: LoggedQuery) -> bool:
    """Compare queries, their vectors too."""
    empty = np.empty(0, np.float16)
    return (
        one is not None
        and np.array_equal(one.vector, other.vector)
        and replace(one, vector=empty) == replace(other, vector=empty)
    )
