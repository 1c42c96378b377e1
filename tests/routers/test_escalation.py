"""A router of verification that holds a learnt escalation policy."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.cost.vector import Cost
from dynamicrag.dependencies import Dependencies
from dynamicrag.drafts.moves import moves
from dynamicrag.errors import PolicyError
from dynamicrag.features.base import Seen
from dynamicrag.routers.build import build_router
from dynamicrag.routers.escalation import LearntEscalation
from dynamicrag.routers.judgement import Drafted, Judgement, draft_measures
from dynamicrag.routers.paths import parting
from dynamicrag.turn import Attempt, Draft
from tests.escalation.taught import PATHS, PRICES, taught

from .test_joint import fitted
from .test_routers import context

OPTIONS = tuple(moves(["accept", "escalate", "abstain"], ["retrieval", "generator"]))
WAYS = [{stage: path[stage] for stage in ("retrieval", "generator")} for path in PATHS.values()]
QUESTION = "When was bridge number 7 opened?"


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    return taught().judgement


def attempt(name, margin):
    draft = Draft(
        text="In 1813", message_id="", model="", streamed=False, dropped=[], signals={}, refined=False
    )
    signals = {} if margin is None else {"token_margin": margin, "unanswerable": 0.0}
    path = {**PATHS[name], "prompt": "direct"}
    return Attempt(
        draft=draft, path=path, candidates=[], passages=[], known={}, signals=signals, unverified={}
    )


def price(path):
    return Cost({("usd", "modelled"): PRICES[path["generator"]]})


def judged(*drafts, most=2, **more):
    """Return what the router is given after drafts of some paths, each with its margin."""
    attempts = [attempt(name, margin) for name, margin in drafts]
    been = [one["path"] for one in attempts]
    ways = [way for way in WAYS if all(parting(path, way) for path in been)]
    return context(
        QUESTION, stage="verification", options=OPTIONS, path=been[-1], attempts=attempts, ways=ways,
        price=price, settings={"max_escalations": most}, **more,
    )  # fmt: skip


def decided(judgement, given, **weights):
    choice = asyncio.run(LearntEscalation(judgement=judgement, weights=weights or {"usd": 2.0}).choose(given))
    return given.options[choice.index].name, choice


def test_what_is_saved_decides_the_same(judgement, tmp_path):
    loaded = Judgement.load(judgement.state().save(tmp_path / "own"))
    drafts = [Drafted(0, "In 1813", {"token_margin": 0.3}), Drafted(2, "In 1900", {"token_margin": 0.6})]
    one, two = (own.believe(Seen(QUESTION), drafts, np.ones(4)) for own in (judgement, loaded))
    np.testing.assert_allclose(one.mean, two.mean)
    np.testing.assert_allclose(one.cov, two.cov)
    assert (loaded.lam, loaded.dimension, loaded.signals) == (
        judgement.lam,
        "usd",
        ("token_margin", "unanswerable"),
    )


def test_a_surer_draft_is_believed_more(judgement):
    low, high = (
        judgement.believe(Seen(QUESTION), [Drafted(3, "In 1813", {"token_margin": m})], np.ones(4)).mean[0, 3]
        for m in (0.1, 0.9)
    )
    assert low < 0.5 < high


def test_without_signals_what_was_expected_is_still_believed(judgement):
    beliefs = judgement.believe(Seen(QUESTION), [Drafted(0, "In 1813", {})], np.ones(4))
    assert beliefs.tried[0].tolist() == [True, False, False, False]
    assert beliefs.mean[0, 0] == pytest.approx(0.2, abs=0.1)


def test_a_draft_without_a_signal_has_no_measures_either():
    assert np.isnan(draft_measures({}, ["token_margin"], QUESTION, "In 1813")).all()
    assert draft_measures({"token_margin": 0.5}, ["token_margin"], "a b c", "one")[:2] == [0.5, 3.0]


def test_it_names_the_whole_path_and_the_stage_where_it_parts(judgement):
    name, choice = decided(judgement, judged(("none/small", 0.1), ("single/small", 0.1)), usd=20.0)
    assert (name, choice.path) == ("escalate:generator", {"retrieval": "single", "generator": "large"})
    name, choice = decided(judgement, judged(("none/small", 0.1)))
    assert (name, choice.path) == ("escalate:retrieval", {"retrieval": "single", "generator": "large"})
    assert choice.expected[1]["usd"] == PRICES["large"]
    assert choice.quality[2] is not None, "the other ways have their figures too"


def test_it_says_which_signals_moved_its_belief(judgement):
    _, sure = decided(judgement, judged(("single/small", 0.95)))
    _, unsure = decided(judgement, judged(("single/small", 0.0)))
    assert "right (token_margin +" in sure.reason
    assert "right (token_margin -" in unsure.reason


def test_the_better_of_two_drafts_is_taken(judgement):
    name, choice = decided(judgement, judged(("single/small", 0.6), ("single/large", 0.0)), usd=50.0)
    assert (name, choice.path) == ("accept", {"retrieval": "single", "generator": "small"})
    name, choice = decided(judgement, judged(("none/small", 0.1), ("single/large", 0.9)), usd=50.0)
    assert (name, choice.path) == ("accept", None)


def test_limits_and_closed_options_close_paths(judgement):
    fits = lambda path, *before: path["generator"] == "small"  # noqa: E731
    name, choice = decided(judgement, judged(("none/small", 0.1), fits=fits))
    assert choice.path == {"retrieval": "single", "generator": "small"}
    name, _ = decided(judgement, judged(("none/small", 0.1), allowed=[True, False, False, True]))
    assert name == "accept"


@pytest.mark.parametrize(("left", "wanted"), [(0.0115, "small"), (0.0105, "large")])
def test_it_does_not_plan_on_what_the_limits_leave_no_room_for_afterwards(judgement, left, wanted):
    """The small model first, to go on by the large one if it fails; or at once where both are too much."""

    def fits(path, *before):
        return sum(PRICES[one["generator"]] for one in (path, *before)) <= left

    given = replace(judged(("none/small", 0.1), fits=fits), left={"usd": left})
    _, choice = decided(judgement, given, usd=10.0)
    assert choice.path == {"retrieval": "single", "generator": wanted}


@pytest.mark.parametrize(("most", "wanted"), [(2, "small"), (1, "large")])
def test_it_does_not_plan_on_more_escalations_than_there_may_be(judgement, most, wanted):
    _, choice = decided(judgement, judged(("none/small", 0.1), most=most), usd=10.0)
    assert choice.path == {"retrieval": "single", "generator": wanted}


def test_where_accepting_is_closed_it_goes_on_by_the_best_path(judgement):
    name, choice = decided(
        judgement, judged(("single/small", 0.95), allowed=[False, True, True, False]), usd=50.0
    )
    assert name.startswith("escalate")
    assert choice.path


def test_a_draft_of_an_unknown_path_stands_and_it_is_said(judgement):
    given = judged(("none/small", 0.1))
    given.attempts[-1]["path"]["retrieval"] = "iterative"
    name, choice = decided(judgement, given)
    assert name == "accept"
    assert choice.reason.startswith("no trained path led to this draft")


def test_without_weights_the_trained_price_holds(judgement):
    router = LearntEscalation(judgement=judgement)
    assert router._lam == pytest.approx(judgement.lam)
    # another dimension is worth what the recorded options make of it
    assert LearntEscalation(judgement=judgement, weights={"usd": 3.0})._lam == pytest.approx(3.0)
    assert LearntEscalation(judgement=judgement, weights={"joules": 3.0})._lam == 0.0


def test_where_cost_is_worth_nothing_closed_paths_stay_closed(judgement):
    given = judged(("none/small", 0.1), fits=lambda path: path["generator"] == "small")
    _, choice = decided(judgement, given, joules=3.0)
    assert choice.path == {"retrieval": "single", "generator": "small"}
    assert choice.reason.endswith("for 0.00 of cost")


def test_paths_come_cheapest_first(judgement):
    paths = LearntEscalation(judgement=judgement).paths
    assert [path["generator"] for path in paths] == ["small", "small", "large", "large"]


def test_a_state_of_another_kind_is_refused(judgement, tmp_path):
    fitted().state().save(tmp_path / "joint")
    judgement.state().save(tmp_path / "own")
    where = Dependencies(folder=tmp_path)
    with pytest.raises(PolicyError, match=r"not trained to judge drafts; train it again"):
        build_router({"escalation": {"state": "joint"}}, "router", where)
    router = build_router({"escalation": {"state": "own"}}, "router", where)
    with pytest.raises(PolicyError, match="belongs to the stage 'verification'"):
        router.check("generator", OPTIONS, "stages.generator.router")
    (tmp_path / "own.npz").write_bytes(b"no")
    with pytest.raises(PolicyError, match="damaged"):
        build_router({"escalation": {"state": "own"}}, "router", where)
