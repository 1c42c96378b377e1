"""What a learner sees in a replay, and when."""

import numpy as np

from dynamicrag.lab.simulate.changes.base import CHANGES
from dynamicrag.lab.simulate.replay import replay
from dynamicrag.lab.simulate.scenario import draws, scenario
from dynamicrag.lab.simulate.timeline import World
from dynamicrag.predictors.epsilon_greedy import EpsilonGreedy
from dynamicrag.predictors.exploration import GREEDY


class Watched(EpsilonGreedy):
    """Counts the rewards that arrived before each decision."""

    def __init__(self):
        super().__init__(first=0.0, least=0.0)
        self.before, self.seen = [], []

    def predict(self, X):
        self.before.append(len(self.seen))
        return super().predict(X)

    def learn(self, x, option, reward, weight=1.0):
        self.seen.append((option, reward))
        super().learn(x, option, reward, weight)


def world(rows=20, options=2):
    rng = np.random.default_rng(0)
    quality = rng.random((rows, options))
    names = tuple(f"option {k}" for k in range(options))
    base = np.full((rows, options), 0.25)
    return World(names, np.ones((rows, 1)), base, quality, np.ones((rows, options)), ["a"] * rows)


def watch(*changes, options=2):
    own, table = Watched(), world(options=options)
    line = scenario(table, 0.0, 0, [CHANGES.build(each, "") for each in changes])
    chosen = replay(lambda columns: own.start(1, len(columns)), table, line, draws(0), GREEDY)
    return own, line, chosen


def test_the_chosen_outcome_alone_is_shown_after_each_decision():
    own, line, chosen = watch()
    assert own.before == list(range(20))
    expected = [line.quality[time, option] - 0.25 for time, option in enumerate(chosen)]
    assert [reward for _, reward in own.seen] == expected


def test_late_rewards_arrive_late():
    own, _, _ = watch({"delay": {"queries": 7}})
    assert own.before == [*([0] * 8), *range(1, 13)]


def test_missing_rewards_never_arrive():
    own, line, _ = watch({"missing": {"share": 0.5}})
    assert len(own.seen) == (line.due >= 0).sum() < 20


def test_a_new_option_joins_the_learner():
    own, line, chosen = watch({"new": {"option": "option 1"}}, options=3)
    assert not line.open[:10, 1].any()
    assert line.open[10:].all()
    assert set(chosen[:10]) <= {0, 2}
    assert own.options == 3


def test_an_order_by_blocks_keeps_every_row():
    groups = ["a", "b"] * 10
    table = world()
    table = World(table.options, table.X, table.base, table.quality, table.cost, groups)
    line = scenario(table, 0.0, 0, [CHANGES.build({"blocks": {"least": 5}}, "")])
    assert sorted(line.rows) == list(range(20))
    assert len({groups[row] for row in line.rows[:10]}) == 1
    assert line.marks == (10,)
