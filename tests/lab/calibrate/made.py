"""A made-up recording: greetings need nothing, look-ups the small model, questions of two hops the large."""

import numpy as np

from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row

KINDS = ("Hello my friend", "Who keeps the lighthouse of", "Where was the architect whose bridge crosses")
COSTS = {"none/small": 5.0, "none/large": 20.0, "single/small": 30.0, "single/large": 100.0}
PATHS = {
    name: {"retrieval": name.split("/")[0], "prompt": "direct", "generator": name.split("/")[1]}
    for name in COSTS
}  # fmt: skip


def ruled(more, take, otherwise):
    """Return the rule that greetings take one option on some paths, and all else the other."""
    return {"rules": {"when": [{"if": {"greeting": True, **more}, "take": take}], "otherwise": otherwise}}


POLICY = {
    "version": 1,
    "corpora": {"docs": {"path": "docs/"}},
    "models": {"small": {"model": "openai:s"}, "large": {"model": "openai:l"}},
    "objective": {"weights": {"joules": 0.001}},
    "stages": {
        "retrieval": {"options": ["none", "single"], "router": ruled({}, "none", "single")},
        "generator": {
            "options": ["small", "large"],
            "router": ruled({"path": {"retrieval": "none"}}, "small", "large"),
        },
    },
}


GREETINGS = [
    f"{hello}{rest}"
    for rest in (" my friend!", "!", ", good morning!", " everyone!", ", how are you?")
    for hello in ("Hello", "Hi", "Hey", "Good day", "Good evening", "Hello there", "Hi again", "Welcome")
]


def asked(kind, i):
    """Greetings say nothing else."""
    if kind == 0:
        return GREETINGS[i // 3 % len(GREETINGS)]
    return f"{KINDS[kind]} town{'abcdefghij'[i % 10]}{i}?"


def right(kind: int, name: str) -> float:
    return float(kind == 0 or (kind == 1 and "single" in name) or name == "single/large")


def recorded(rows=60, quality=right, signals=None, noise=0.0):
    """Return a table; ``signals(quality)`` are those of an answer's verifiers."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(rows):
        kind = i % 3
        outcomes = {}
        for name, joules in COSTS.items():
            gave = abs(quality(kind, name) - (rng.random() < noise))
            more = signals(gave) if signals else {}
            news = {"matched": 0.5} if "single" in name else {}
            facts = {"joules": joules * rng.uniform(0.8, 1.2), "seconds": joules / 7}
            outcomes[name] = Outcome(gave, facts, {**news, **more}, path=PATHS[name])
        made.append(Row(f"q{i}", asked(kind, i), outcomes))
    return OutcomeTable(made, name="t.jsonl")


def world(**more):
    return World.of(recorded(**more), 20)
