"""A decision log with a known rule of rewards, and policies that fit it."""

from dataclasses import replace

import numpy as np

from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from dynamicrag.store.logged import Feedback, LoggedQuery
from tests.learning.logged import decided

LOGGED = """
version: 1
corpora: {docs: {path: docs/}}
models: {small: {model: "fake:parrot"}, large: {model: "fake:oracle"}}
objective: {weights: {usd: 10}}
host: {meter: none}
stages:
  retriever: {options: {lexical: {bm25: {}}}}
  context: {options: {short: {chunks: 1}}}
  generator: {options: [small, large], router: ROUTER}
"""
DAY = 86_400
USD = {"small": 0.001, "large": 0.01}
LONG = 8
"""Number of words above which the small model is often wrong."""
FIXED = {"retrieval": "single", "retriever": "lexical", "context": "short", "prompt": "direct"}


def policy(router="{random: {}}", **changed):
    """Return the text of a policy with a router of the generator, and with other words replaced."""
    text = LOGGED.replace("ROUTER", router)
    for old, new in changed.items():
        text = text.replace(old, new)
    return text


def right(option, words):
    """Return the probability that an option answers a question of so many words."""
    return 0.85 if option == "large" else 0.8 if words <= LONG else 0.2


def chances_at(epsilon):
    return (1 - epsilon / 2, epsilon / 2)


def decision(stage, seq, chosen, *, options=None, chances=None, **more):
    options = options or (chosen,)
    given = {
        "router": "random" if len(options) > 1 else "fixed",
        "chances": chances or tuple(float(name == chosen) for name in options),
        "expected": tuple({"usd": USD.get(name, 0.0)} for name in options),
    }
    return decided(stage, seq, chosen, options, **{**given, **more})


def query(number, *, epsilon=1.0, seed=0, at=0.0, name="logged", **more):
    """Return a query whose generator was drawn, and its reward."""
    rng = np.random.default_rng([seed, number])
    words = float(rng.integers(2, 2 * LONG + 1))
    chances = chances_at(epsilon)
    chosen = ("small", "large")[int(rng.random() >= chances[0])]
    path = {**FIXED, "generator": chosen, "verification": "accept"}
    decisions = [decision(stage, seq, option) for seq, (stage, option) in enumerate(path.items())]
    decisions[-2] = decision(
        "generator", 4, chosen, options=("small", "large"), chances=chances, features={"words": words}
    )
    reward = float(rng.random() < right(chosen, words))
    own = LoggedQuery(f"q{number}", at or float(1000 + number), name, path, decisions, **more)
    return own, reward


class MemoryLog(Log):
    """A log of given queries, whose costs are those of their models."""

    def __init__(self, items, tmp_path):
        super().__init__(Database(tmp_path / "none.sqlite"))
        self.items = list(items)
        self.given = []

    def queries(self, *, since=0.0, policy=None, ids=None):
        return iter(
            own for own in self.items
            if own.at >= since and policy in (None, own.policy) and (ids is None or own.id in ids)
        )  # fmt: skip

    def feedbacks(self, *, after=0, most=1_000, query_ids=None):
        return [own for own in self.given if own.number > after][:most]


def memory_log(tmp_path, n=600, rated=1.0, **more):
    """Return a log of queries, each rated with some probability."""
    made = [query(number, **more) for number in range(n)]
    log = MemoryLog([priced(own) for own, _ in made], tmp_path)
    rng = np.random.default_rng(5)
    for own, reward in made:
        if rng.random() < rated:
            log.given.append(
                Feedback(own.id, "thumb", "user", own.at + 1, score=reward, number=len(log.given) + 1)
            )
    return log


def priced(own):
    return replace(own, cost={"usd": USD[own.path["generator"]]})
