"""The reward of a query from its feedback."""

from dynamicrag.learning.query_rewards import query_rewards
from dynamicrag.store.logged import Feedback


def item(query, source="user", score=1.0, number=1, **more):
    return Feedback(query, "thumb", source, 0.0, score=score, number=number, **more)


def weight(source):
    return {"user": 1.0, "judge": 3.0}.get(source, 0.0)


def test_the_mean_is_weighted_by_the_sources():
    found = query_rewards([item("a", score=1.0, number=4), item("a", "judge", 0.0, 7)], weight)
    assert found.reward == {"a": 0.25}
    assert found.oldest == {"a": 4}


def test_a_query_without_feedback_is_missing_and_not_zero():
    assert "b" not in query_rewards([item("a")], weight).reward


def test_feedback_that_rates_no_answer_is_counted_apart():
    pair = Feedback("a", "pair", "user", 0.0, stage="generator", a="small", b="large", y=1.0)
    found = query_rewards([pair, item("a", stage="retriever"), item("a", "other")], weight)
    assert found.reward == {}
    assert (found.pairs, found.stages, found.others) == (1, 1, {"other": 1})
