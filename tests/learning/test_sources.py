"""The feedback that a query gives by itself."""

import pytest

from dynamicrag.learning.sources import own_feedback
from dynamicrag.policy.policy import LearningSection
from tests.learning.logged import context, judged, logged, wrote


def both(source):
    return 0.25


def standard(source):
    return LearningSection().weight(source)


def test_the_belief_in_the_accepted_draft_is_feedback_if_it_is_switched_on():
    query = logged(wrote(0, "small"), judged(1, "accept", 0.8, quality=0.3))
    (item,) = own_feedback(query, both)
    assert (item.source, item.name, item.score, item.stage) == ("verifier", "belief", 0.8, "")
    assert item.at == query.at, "the same again is no other feedback"
    assert own_feedback(query, standard) == [], "off by default"


def test_a_verdict_without_belief_gives_nothing():
    assert own_feedback(logged(wrote(0, "small"), judged(1, "accept", None)), both) == []


def test_an_abstention_is_no_accepted_draft():
    assert own_feedback(logged(wrote(0, "small"), judged(1, "abstain", 0.1)), both) == []
    assert own_feedback(logged(judged(0, "abstain", 0.9)), both) == [], "withheld before a draft"


def test_two_drafts_are_a_duel_of_their_models():
    query = logged(
        wrote(0, "small"), judged(1, "escalate:generator", 0.3), wrote(2, "large"), judged(3, "accept", 0.9)
    )
    (duel,) = own_feedback(query, standard)
    assert (duel.source, duel.stage, duel.a, duel.b) == ("drafts", "generator", "large", "small")
    assert duel.y == pytest.approx(0.5 + (0.9 - 0.3) / 2)
    assert own_feedback(query, lambda _: 0.0) == []


def test_three_drafts_are_three_duels():
    query = logged(
        wrote(0, "small"), judged(1, "escalate:generator", 0.2),
        wrote(2, "medium"), judged(3, "escalate:generator", 0.6),
        wrote(4, "large"), judged(5, "accept", 0.5),
    )  # fmt: skip
    found = {(item.a, item.b): item.y for item in own_feedback(query, standard)}
    expected = {("medium", "small"): 0.7, ("large", "small"): 0.65, ("large", "medium"): 0.45}
    assert found == pytest.approx(expected)


def test_drafts_from_other_passages_are_no_duel():
    query = logged(
        context(0, "short"), wrote(1, "small"), judged(2, "escalate:context", 0.3),
        context(3, "long"), wrote(4, "large"), judged(5, "accept", 0.9),
    )  # fmt: skip
    assert own_feedback(query, standard) == []


def test_a_refined_draft_is_no_draft_of_its_model():
    query = logged(
        wrote(0, "small"), judged(1, "refine", 0.3), judged(2, "escalate:generator", 0.4),
        wrote(3, "large"), judged(4, "accept", 0.9),
    )  # fmt: skip
    (duel,) = own_feedback(query, standard)
    assert duel.y == pytest.approx(0.8), "against the draft before it was refined"


def test_a_draft_judged_again_after_a_failed_escalation_is_no_other_draft():
    again = judged(1, "escalate:generator", 0.3)
    query = logged(
        wrote(0, "small"), again, wrote(2, "large"), judged(3, "accept", 0.3, features=again.features)
    )
    assert own_feedback(query, standard) == []
