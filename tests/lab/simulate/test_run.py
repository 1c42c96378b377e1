"""Simulations of tables whose best policy is known."""

import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.simulate.changes.base import CHANGES
from dynamicrag.lab.simulate.replays import Setting
from dynamicrag.lab.simulate.run import simulate
from tests.lab.simulate.tables import same, table

LINUCB = {"linucb": "linucb"}


def run(outcomes, *changes, learners=LINUCB, **given):
    given = {"seeds": 3, "others": 1, "weights": (0.1,), **given}
    setting = Setting(learners, [CHANGES.build(each, "--change") for each in changes], list(changes), **given)
    return simulate(outcomes, setting)


def test_a_learner_reaches_the_better_option():
    found = run(same(0.9, 0.3))
    own = found.middle.learners["linucb"]
    assert own.calls["option 0"] > 0.85
    assert own.last_half.value == pytest.approx(0.0, abs=0.02)
    assert found.middle.baselines["best_fixed"].option == "option 0"


def test_utility_is_realised_quality_less_weighted_cost():
    found = run(same(0.9, 0.3, costs=(2.0, 1.0)))
    own = found.middle.learners["linucb"]
    assert own.utility == pytest.approx(own.quality - 0.1 * own.cost)
    regret = len(table()) * (found.middle.baselines["oracle"].utility - own.utility)
    assert own.regret == pytest.approx(regret)
    assert own.curve[-1].utility == pytest.approx(own.utility)


@pytest.mark.slow
def test_a_learner_learns_which_question_suits_which_option():
    found = run(table(510))
    own = found.middle.learners["linucb"]
    assert own.gain.value > 0.1
    assert own.recent["all"].value > own.recent["500"].value - 0.2
    assert found.middle.baselines["forest"].utility > own.utility


def test_baselines_have_their_order():
    baselines = run(table()).middle.baselines
    order = [baselines[name].utility for name in ("random", "best_fixed", "forest", "oracle")]
    assert order == sorted(order)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result():
    first, second = (run(table(200), learners={"thompson": "thompson"}).as_json() for _ in range(2))
    for found in (first, second):
        found["learners"]["thompson"].pop("microseconds")
    assert first == second


@pytest.mark.slow
def test_default_weights_are_around_the_trade():
    """.8 at cost 3 and .4 at cost 1: worth the same at .2; another option is worse than both."""
    found = run(same(0.8, 0.4, 0.1, costs=(3.0, 1.0, 2.0), rows=900), weights=(), seeds=1, others=1)
    assert found.middle.weight == pytest.approx(0.2, abs=0.03)
    assert found.weights["low"].weight == pytest.approx(found.middle.weight / 2)
    assert found.weights["high"].weight == pytest.approx(2 * found.middle.weight)


@pytest.mark.slow
def test_without_a_trade_there_is_one_weight():
    found = run(same(0.4, 0.8, costs=(3.0, 1.0)), weights=())
    assert (found.middle.weight, dict(found.weights)) == (0.0, {})


def test_a_new_option_is_used():
    found = run(same(0.6, 0.1, 0.95), {"new": {"option": "option 2"}})
    own = found.middle.learners["linucb"]
    assert 0.4 < own.calls["option 2"] <= 0.5
    assert own.after_change.queries is not None
    assert own.after_change.best_fixed > 0.8


@pytest.mark.slow
def test_a_learner_that_forgets_leaves_an_option_that_became_worse():
    forgets = {"linucb": {"linucb": {"discount": 0.9}}}
    found = run(same(0.9, 0.7), {"worse": {"option": "option 0", "by": 0.9}}, learners=forgets)
    own = found.middle.learners["linucb"]
    assert own.after_change.queries is not None
    assert own.calls["option 1"] > 0.3


@pytest.mark.slow
def test_a_new_price_needs_no_learning():
    found = run(same(0.9, 0.7, rows=600), {"price": {"option": "option 0", "factor": 9}})
    own = found.middle.learners["linucb"]
    assert own.after_change.queries < 30


@pytest.mark.parametrize("change", [{"delay": {"queries": 100}}, {"missing": {"share": 0.9}}])
@pytest.mark.slow
def test_late_and_missing_rewards_slow_learning_down(change):
    plain, changed = (run(table(510), *each).middle.learners["linucb"] for each in ((), (change,)))
    assert changed.share["500"].value < plain.share["500"].value
    assert plain.after_change is None
    assert changed.after_change is not None


@pytest.mark.slow
def test_groups_come_in_blocks():
    found = run(table(300), "blocks")
    after = found.middle.learners["linucb"].after_change
    assert 0 <= after.recovered <= 1


@pytest.mark.slow
def test_an_exploration_for_all():
    from dynamicrag.predictors.exploration import Exploration

    own = run(same(0.9, 0.3), explore=Exploration(epsilon=1.0)).middle.learners["linucb"]
    assert own.calls["option 1"] == pytest.approx(0.5, abs=0.06)


@pytest.mark.slow
def test_finished_replays_are_not_repeated():
    class Kept(list):
        def open(self, *, fresh=False):
            return list(self)

        def write(self, record):
            if len(self) == 2:
                raise KeyboardInterrupt
            self.append(record)

    kept = Kept()
    setting = Setting(LINUCB, weights=(0.1,), seeds=4)
    with pytest.raises(KeyboardInterrupt):
        simulate(table(100), setting, kept=kept)
    assert len(kept) == 2
    whole = simulate(table(100), setting).middle.learners["linucb"]
    kept[0]["chosen"] = [1] * 100
    kept.write = kept.append
    resumed = simulate(table(100), setting, kept=kept).middle.learners["linucb"]
    assert len(kept) == 4
    assert resumed.calls["option 1"] > whole.calls["option 1"]
    kept.write(kept[0])
    again = simulate(table(101), setting, kept=kept)
    assert again.data.queries == 101
    assert len(kept) == 9


@pytest.mark.slow
def test_a_learner_starts_from_a_recorded_table(tmp_path):
    from dynamicrag.lab.outcomes.file import write_table

    write_table(table(300, seed=1), tmp_path / "earlier.jsonl")
    cold, warm = (
        run(table(200), start=source).middle.learners["linucb"]
        for source in ("none", str(tmp_path / "earlier.jsonl"))
    )
    assert warm.gain.value > cold.gain.value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"new": {"option": "option 7"}}, "unknown option 'option 7'"),
        ({"blocks": {"least": 300}}, "no two groups of 300"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        run(table(200), change)


def test_rows_without_an_outcome_are_left_out():
    from dataclasses import replace

    whole = table(100)
    rows = [
        replace(whole.rows[0], outcomes={"option 0": whole.rows[0].outcomes["option 0"]}),
        *whole.rows[1:],
    ]
    found = run(type(whole)(rows, whole.options))
    assert found.data.queries == 99
    assert any("1 of 100 queries" in note for note in found.notes)


def test_features_hold_no_outcome():
    from dynamicrag.lab.simulate.inputs import Inputs

    texts = [row.text for row in table(50).rows]

    def embed(given):
        return np.array([[len(text), text.count("o"), 1.0] for text in given])

    made = Inputs.of(texts, embed)
    X = made(texts)
    assert (X[:, 0] == X[0, 0]).all()
    assert made(texts[:2]) == pytest.approx(X[:2])
    assert np.square(X[:, 1:4]).sum(axis=1).mean() == pytest.approx(0.2**2, rel=0.05)
