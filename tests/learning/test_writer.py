"""Feedback is checked before it is stored, and stored once."""

import math
import threading

import numpy as np
import pytest

from dynamicrag.errors import InputError, RunsError
from dynamicrag.learning.writer import FeedbackWriter
from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from tests.learning.logged import context, judged, logged, wrote


@pytest.fixture
def log(tmp_path):
    log = Log(Database(tmp_path / "runs.sqlite"))
    log.add(logged(context(0, "short"), wrote(1, "small"), judged(2, "accept", 0.7)))
    return log


@pytest.fixture
def woken():
    return []


@pytest.fixture
def writer(log, woken):
    return FeedbackWriter(log, lambda: woken.append(1))


def test_a_score_is_stored_and_wakes_the_learners(writer, log, woken):
    assert writer.score("q1", 1.0)
    (item,) = log.feedbacks()
    assert (item.query_id, item.name, item.source, item.score, item.stage) == ("q1", "thumb", "user", 1.0, "")
    assert woken == [1]


def test_twice_changes_nothing_and_another_value_replaces(writer, log, woken):
    assert writer.score("q1", 1.0)
    assert not writer.score("q1", 1.0)
    assert writer.score("q1", 0.0)
    (item,) = log.feedbacks()
    assert (item.score, woken) == (0.0, [1, 1])


def test_name_source_and_stage_are_apart(writer, log):
    for changes in ({}, {"name": "stars"}, {"source": "crm"}, {"stage": "generator"}):
        assert writer.score("q1", 0.5, **changes)
    assert len(log.feedbacks()) == 4


@pytest.mark.parametrize("score", [True, False, 0, 1, 0.25, np.float32(0.5), np.int64(1), np.bool_(True)])
def test_valid_scores(writer, log, score):
    writer.score("q1", score)
    assert log.feedbacks()[0].score == float(score)


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.01, 1.01, 10**400, "1", None, [1.0], 1j])
def test_scores_out_of_range_are_refused(writer, log, score):
    with pytest.raises(InputError, match="valid: a number from 0 to 1, True or False"):
        writer.score("q1", score)
    assert log.feedbacks() == []


@pytest.mark.parametrize("query_id", ["gone", "q1 ", "x" * 500])
def test_an_unknown_query_is_refused_with_the_reasons_that_it_may_have(writer, log, query_id):
    with pytest.raises(InputError, match=r"not in the decision log.*runs\.keep.*pruned") as caught:
        writer.score(query_id, 1.0)
    assert len(str(caught.value)) < 600
    with pytest.raises(InputError, match="not in the decision log"):
        writer.prefer(query_id, "small", "large", 1.0, stage="generator")


@pytest.mark.parametrize("query_id", ["", None, 7, "a\0b", "\ud800"])
def test_a_query_id_is_a_text(writer, query_id):
    with pytest.raises(InputError, match="query_id"):
        writer.score(query_id, 1.0)


def test_a_pruned_query_is_refused(writer, log):
    log.prune(before=2_000_000_000.0)
    with pytest.raises(InputError, match="not in the decision log"):
        writer.score("q1", 1.0)


def test_an_unknown_stage_is_refused_with_those_of_the_query(writer):
    with pytest.raises(InputError, match=r"unknown stage 'generater'; did you mean 'generator'\?"):
        writer.score("q1", 1.0, stage="generater")
    with pytest.raises(InputError, match=r"unknown stage 'rerank'.*context, generator, verification"):
        writer.prefer("q1", "mmr", "none", 1.0, stage="rerank")


@pytest.mark.parametrize("text", ["", "a\nb", "x" * 101, 3, None])
@pytest.mark.parametrize("key", ["name", "source"])
def test_names_and_sources_are_words(writer, key, text):
    with pytest.raises(InputError, match=f"feedback: {key} is"):
        writer.score("q1", 1.0, **{key: text})


def test_a_preference_is_stored_once_in_either_order(writer, log):
    assert writer.prefer("q1", "large", "small", 1.0, stage="generator")
    assert not writer.prefer("q1", "small", "large", 0.0, stage="generator")
    assert writer.prefer("q1", "small", "large", 0.5, stage="generator")
    (item,) = log.feedbacks()
    assert ({item.a, item.b}, item.y, item.stage, item.name) == (
        {"small", "large"}, 0.5, "generator", "preference",
    )  # fmt: skip


def test_preferences_are_between_two_options_of_the_stage(writer, log):
    with pytest.raises(InputError, match=r"prefer: stage generator: unknown option 'huge'; .*small"):
        writer.prefer("q1", "huge", "small", 1.0, stage="generator")
    with pytest.raises(InputError, match="compared with itself"):
        writer.prefer("q1", "small", "small", 1.0, stage="generator")
    with pytest.raises(InputError, match="prefer: y is 2"):
        writer.prefer("q1", "small", "large", 2, stage="generator")
    assert log.feedbacks() == []


def test_years_late_is_in_time_while_the_query_is_stored(log):
    log.add(logged(wrote(0, "small"), name="old", at=1_000_000.0))
    assert FeedbackWriter(log).score("old", 1.0)


def test_a_policy_that_stores_nothing_takes_no_feedback():
    with pytest.raises(InputError, match=r"runs: \{keep: 20000\}"):
        FeedbackWriter(None).score("q1", 1.0)


def test_a_store_that_is_down_is_refused_aloud(tmp_path, woken):
    file = tmp_path / "runs.sqlite"
    file.write_text("this is no database")
    writer = FeedbackWriter(Log(Database(file)), lambda: woken.append(1))
    with pytest.raises(RunsError):
        writer.score("q1", 1.0)
    assert woken == []
    assert file.read_text() == "this is no database"


def test_many_threads_store_each_thumb_once(writer, log):
    for number in range(20):
        log.add(logged(wrote(0, "small"), name=f"t{number}"))
    changed = []

    def rate(first):
        for number in range(20):
            changed.append(writer.score(f"t{(first + number) % 20}", 1.0))

    threads = [threading.Thread(target=rate, args=(5 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(changed), sum(changed), len(log.feedbacks())) == (80, 20, 20)
