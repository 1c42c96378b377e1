"""What every escalation policy keeps to."""

from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.escalation.base import ABSTAIN, POLICIES, EscalationPolicy
from dynamicrag.escalation.lists import result_of
from dynamicrag.escalation.replay import play, total
from dynamicrag.predictors.state import State
from tests.escalation.training_data import made, model_of, taken

LAMBDAS = (0.0, 0.01, 0.1, 10.0)


@pytest.fixture(params=list(POLICIES))
def name(request):
    return request.param


def policy_of(name, data):
    return POLICIES.build(name, "test").fit(data)


def test_there_are_four():
    assert list(POLICIES) == ["cascade_routing", "frugal", "thresholds", "value"]


def test_its_paper_is_named(name):
    assert (
        "arXiv" in POLICIES[name].__doc__
        or "et al" in POLICIES[name].__doc__
        or "19" in POLICIES[name].__doc__
    )


@pytest.mark.parametrize("lam", LAMBDAS)
@pytest.mark.parametrize("k", [1, 3])
def test_it_ends_with_a_draft_that_was_paid_for(name, k, lam):
    data = made(60, k=k)
    played = play(policy_of(name, data), model_of(data), data, lam)
    rows = np.arange(60)
    assert (played.accepted != ABSTAIN).all()
    assert played.tried[rows, played.accepted].all()
    np.testing.assert_allclose(played.cost, (data.cost * played.tried).sum(axis=1))
    np.testing.assert_array_equal(played.quality, data.quality[rows, played.accepted])


def test_no_step_is_taken_twice(name):
    data = made(40)
    policy, model = policy_of(name, data), model_of(data)
    beliefs = model.begin(data.prior, data.expected, data.chain, np.full(40, np.inf))
    for _ in range(4):
        choice = policy.decide(beliefs, 0.0)
        going = choice.step >= 0
        assert not beliefs.tried[going, choice.step[going]].any()
        if not going.any():
            return
        option = choice.step[going]
        rows = np.flatnonzero(going)
        data, beliefs = taken(data, rows), beliefs.take(rows)
        at = np.arange(len(rows))
        beliefs = model.learn(beliefs, option, data.score[at, option], data.hopeless[at, option])
    assert not going.any(), "it goes on after every option was tried"


def test_it_is_the_same_again(name):
    data = made()
    first, again = (play(policy_of(name, data), model_of(data), data, 0.02) for _ in range(2))
    np.testing.assert_array_equal(first.tried, again.tried)


def test_state(name, tmp_path):
    data = made()
    policy = policy_of(name, data)
    saved = State.load(policy.state().save(tmp_path / "own"))
    loaded = EscalationPolicy.from_state(saved, "test")
    assert type(loaded) is type(policy)
    for lam in LAMBDAS:
        one, two = (play(p, model_of(data), data, lam) for p in (policy, loaded))
        np.testing.assert_array_equal(one.tried, two.tried)
        np.testing.assert_array_equal(one.accepted, two.accepted)


def test_without_any_signal(name):
    data = made(told=False)
    played = play(policy_of(name, data), model_of(data), data, 0.01)
    assert (played.accepted >= 0).all()


def test_some_signals_missing(name):
    data = made()
    score = np.array(data.score)
    score[::3] = np.nan
    data = replace(data, score=score)
    played = play(policy_of(name, data), model_of(data), data, 0.01)
    assert (played.accepted >= 0).all()


@pytest.mark.parametrize(("budget", "most"), [(0.0, 0.0), (1.0, 1.0), (4.0, 4.0)])
def test_no_query_spends_more_than_its_budget(name, budget, most):
    data = made()
    played = play(policy_of(name, data), model_of(data), data, 0.0, budget)
    assert played.cost.max() <= most
    assert ((played.accepted == ABSTAIN) == (most == 0)).all()


def test_a_high_price_buys_one_draft_of_the_cheapest(name):
    data = made()
    played = play(policy_of(name, data), model_of(data), data, 10.0)
    assert played.tried[:, 0].all()
    assert not played.tried[:, 1:].any()


def test_all_right_or_all_wrong(name):
    for value in (0.0, 1.0):
        data = replace(made(), quality=np.full((300, 3), value))
        played = play(policy_of(name, data), model_of(data), data, 0.01)
        assert (played.quality == value).all()


def test_it_beats_a_draw_between_options_at_their_price(name):
    learnt, judged = made(600, verdicts=True), made(600, seed=1, verdicts=True)
    policy, model = policy_of(name, learnt), model_of(learnt)
    points = [play(policy, model, judged, lam) for lam in np.geomspace(0.003, 0.3, 12)]
    line = np.interp([p.cost.mean() for p in points], judged.cost.mean(axis=0), judged.quality.mean(axis=0))
    assert max(p.quality.mean() - q for p, q in zip(points, line, strict=True)) > 0.02


@pytest.mark.parametrize("looking", ["value", "cascade_routing"])
def test_no_step_is_taken_for_the_sake_of_one_that_there_is_no_room_for_after_it(looking):
    data = made(verdicts=True)
    policy, model = policy_of(looking, data), model_of(data)
    one = taken(data, np.arange(1))
    room = np.ones((1, 3, 3), dtype=bool)
    room[0, 0, 1:] = False
    steps = [
        policy.decide(model.begin(one.prior, one.expected, one.chain, np.full(1, np.inf), own), 0.03).step[0]
        for own in (None, room)
    ]
    assert steps == [0, 1], "the cheapest first, to go on if it fails; or the better one at once"


def test_cascade_routing_plans_no_set_that_is_dearer_than_the_budget():
    data = made(verdicts=True)
    policy, model = policy_of("cascade_routing", data), model_of(data)
    one = taken(data, np.arange(1))
    steps = [
        policy.decide(model.begin(one.prior, one.expected, one.chain, np.full(1, budget)), 0.03).step[0]
        for budget in (np.inf, 3.5)
    ]
    assert steps == [0, 1], "3 are enough for the second alone, and not after the first"


def test_untrained_lists_say_so():
    with pytest.raises(PolicyError, match="not trained"):
        data = made(4)
        play(POLICIES.build("frugal", "test"), model_of(data), data, 0.0)


def test_a_broken_state_says_so():
    with pytest.raises(PolicyError, match="not a complete state"):
        EscalationPolicy.from_state(State({"policy": "frugal", "params": {}}), "here")


def test_a_chain_is_paid_once_and_has_no_way_back(name):
    data = replace(made(), chain=np.array([0, 0, -1]))
    played = play(policy_of(name, data), model_of(data), data, 0.0)
    np.testing.assert_allclose(played.cost, total(data.cost, played.tried, data.chain))
    both = played.tried[:, 0] & played.tried[:, 1] & ~played.tried[:, 2]
    assert (played.cost[both] == 3).all()


def test_a_chain_that_was_left_is_not_gone_on_with(name):
    data = replace(made(k=4), chain=np.array([0, 0, 1, 1]))
    policy, model = policy_of(name, data), model_of(data)
    beliefs = model.begin(data.prior, data.expected, data.chain, np.full(300, np.inf))
    for step in (0, 2):
        nothing = np.full(300, np.nan)
        beliefs = model.learn(beliefs, np.full(300, step), nothing, nothing)
    assert beliefs.open[0].tolist() == [False, False, False, True]
    assert beliefs.cost[0, 3] == data.expected[0, 3] - data.expected[0, 2]
    played = play(policy, model, data, 0.0)
    np.testing.assert_allclose(played.cost, total(data.cost, played.tried, data.chain))


def test_it_abstains_where_nothing_answers(name):
    data = made()
    blank = (np.arange(300) % 2).astype(float)
    quality = data.quality * (1 - blank[:, None])
    score = data.score * (1 - blank[:, None])
    data = replace(
        data, quality=quality, score=score, unanswerable=blank, hopeless=np.tile(blank[:, None], (1, 3))
    )
    played = play(policy_of(name, data), model_of(data), data, 0.01)
    assert (played.accepted[blank == 1] == ABSTAIN).all()
    assert (played.accepted[blank == 0] == ABSTAIN).mean() < 0.1
    assert (played.quality[blank == 1] == 1).all()
    assert (played.tried[blank == 1].sum(axis=1) == 1).all(), "a draft that shows it is enough"


def test_a_likely_draft_stands_though_the_question_may_have_no_answer(name):
    data = made()
    data = replace(
        data, quality=np.ones((300, 3)), score=np.full((300, 3), 0.9), hopeless=np.full((300, 3), 0.8)
    )
    played = play(policy_of(name, data), model_of(data), data, 0.01)
    assert (played.accepted >= 0).all()


def test_what_a_list_came_to_counts_abstaining():
    data = made(4, k=1)
    data = replace(
        data, quality=np.zeros((4, 1)), score=np.full((4, 1), 0.2), unanswerable=np.array([1.0, 0, 1, 0]),
        hopeless=np.array([[0.9], [0.9], [0.1], [0.1]]),
    )  # fmt: skip
    score = data.score
    assert result_of(((0,), (0.0,)), score, data) == (0.25, 1.0)


def test_value_does_not_escalate_what_nothing_solves():
    data = made()
    data = replace(
        data, prior=np.full((300, 3), 0.01), quality=np.zeros((300, 3)), score=np.full((300, 3), 0.01)
    )
    played = play(policy_of("value", data), model_of(data), data, 0.0)
    assert (played.tried.sum(axis=1) <= 1).all()
