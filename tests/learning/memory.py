"""A decision log in memory, with the behaviour of the real one."""

from dataclasses import replace

from dynamicrag.errors import InputError
from dynamicrag.store.log import Log
from dynamicrag.store.logged import LoggedDecision, LoggedQuery


class MemoryLog(Log):
    def __init__(self):
        self.items, self.known, self.snapshots = [], {}, {}
        self.count = self.age = self.reads = 0

    def add(self, query):
        self.known[query.id] = query

    def feedback(self, item):
        if item.query_id not in self.known:
            raise InputError(f"unknown query {item.query_id!r}")
        same = [
            each
            for each in self.items
            if (each.query_id, each.name, each.source, each.stage, each.a, each.b)
            == (item.query_id, item.name, item.source, item.stage, item.a, item.b)
        ]
        if same and (same[0].score, same[0].y) == (item.score, item.y):
            return False
        for each in same:
            self.items.remove(each)
            self.age += 1
            self.snapshots = {k: s for k, s in self.snapshots.items() if s.upto < each.number}
        self.count += 1
        self.items.append(replace(item, number=self.count))
        return True

    def query(self, query_id):
        return self.known.get(query_id)

    def queries(self, *, since=0.0, policy=None, ids=None):
        for query in self.known.values():
            if query.at >= since and policy in (None, query.policy) and (ids is None or query.id in ids):
                yield query

    def feedbacks(self, *, after=0, most=1_000, query_ids=None):
        self.reads += 1
        found = [each for each in self.items if each.number > after]
        return [each for each in found if query_ids is None or each.query_id in query_ids][:most]

    def epoch(self):
        return self.age

    def snapshot(self, key):
        return self.snapshots.get(key)

    def keep(self, snapshot, epoch):
        if epoch == self.age:
            self.snapshots[snapshot.key] = snapshot

    def prune(self, *, before=None, user=None):
        raise NotImplementedError


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
