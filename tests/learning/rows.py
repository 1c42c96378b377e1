"""Rows of a decision log."""

from dynamicrag.store.logged import LoggedDecision, LoggedQuery


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
    count = len(options)
    return LoggedDecision(
        stage=stage, seq=seq, router=router, state=0, options=options, allowed=(True,) * count,
        chosen=chosen, chances=tuple(float(name == chosen) for name in options),
        expected=({"usd": 0.001},) * count, quality=base, base=base, features={"words": words},
    )  # fmt: skip


def query(number, *decisions, policy="mine", path=None, **more):
    """Return a logged query with the given decisions."""
    taken = {each.stage: each.chosen for each in decisions} if path is None else path
    return LoggedQuery(f"q{number}", float(number), policy, taken, decisions, **more)
