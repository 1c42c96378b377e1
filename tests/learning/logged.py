"""Logged queries for the tests of feedback."""

from dynamicrag.store.logged import LoggedDecision, LoggedQuery

MODELS = ("small", "medium", "large")
MOVES = ("accept", "escalate:generator", "escalate:context", "refine", "abstain")


def decided(stage, seq, chosen, options, **changes):
    """Return a decision with even chances and no estimates."""
    number = len(options)
    given = {
        "router": "prior",
        "state": 0,
        "allowed": (True,) * number,
        "chances": (1.0 / number,) * number,
        "expected": ({},) * number,
        "quality": (None,) * number,
        "base": (None,) * number,
        "features": {},
    }
    return LoggedDecision(stage=stage, seq=seq, chosen=chosen, options=options, **{**given, **changes})


def wrote(seq, model, **changes):
    return decided("generator", seq, model, MODELS, **changes)


def context(seq, option):
    return decided("context", seq, option, ("short", "long"))


def judged(seq, chosen, belief, *, quality=None, **changes):
    """Return a verdict on a draft; the belief is the estimate before online learning."""
    base = (belief, *[None] * (len(MOVES) - 1))
    after = base if quality is None else (quality, *base[1:])
    features = {"token_margin": 0.01 * seq}
    given = {"base": base, "quality": after, "features": features, **changes}
    return decided("verification", seq, chosen, MOVES, **given)


def logged(*decisions, name="q1", **changes):
    """Return a query whose path is that of its last decisions."""
    path = {decision.stage: decision.chosen for decision in decisions}
    given = {"at": 1_795_000_000.0, "policy": "p", "path": path, **changes}
    return LoggedQuery(name, decisions=decisions, **given)
