"""Rows of a decision log."""

from dynamicrag.store.logged import LoggedQuery
from tests.learning.logged import decided


def decision(
    chosen,
    *,
    stage="generator",
    seq=0,
    router="linucb",
    base=(0.5, 0.6),
    words=5.0,
    options=("small", "large"),
):
    """Return a logged decision between two models."""
    return decided(
        stage, seq, chosen, options, router=router, chances=tuple(float(name == chosen) for name in options),
        expected=({"usd": 0.001},) * len(options), quality=base, base=base, features={"words": words},
    )  # fmt: skip


def query(number, *decisions, policy="mine", path=None, **more):
    """Return a logged query with the given decisions."""
    taken = {each.stage: each.chosen for each in decisions} if path is None else path
    return LoggedQuery(f"q{number}", float(number), policy, taken, decisions, **more)
