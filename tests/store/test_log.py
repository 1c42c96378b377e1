"""The decision log: what goes in comes out, once, in order, and no more than is to be kept."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import text, update

from dynamicrag.cost.runs import Runs
from dynamicrag.errors import InputError
from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from dynamicrag.store.logged import Snapshot
from dynamicrag.store.tables import FEEDBACK, QUERIES

from .made import DECISION, QUERY, query, same, thumb


def test_a_query_comes_back_as_it_was(log):
    log.add(QUERY)
    assert same(log.query("q1"), QUERY)
    assert log.query("q2") is None


def test_features_are_rounded_to_float16_and_large_ones_cut(log):
    log.add(replace(QUERY, decisions=(replace(DECISION, features={"third": 1 / 3, "tokens": 1e6}),)))
    kept = log.query("q1").decisions[0].features
    assert kept == {"third": float(np.float16(1 / 3)), "tokens": 65504.0}


def test_a_query_without_anything_optional(log):
    bare = type(QUERY)(id="q1", at=1.0, policy="p", path={}, decisions=())
    log.add(bare)
    assert same(log.query("q1"), bare)


def test_texts_that_a_database_refuses_are_stored_all_the_same(log):
    log.add(query(1, policy="a\0b", thread="c\ud800", text="d\0e\ud800"))
    kept = log.query("q1")
    assert (kept.thread, kept.text) == ("c\ud800", "d\0e\ud800")
    assert kept.policy == "a\ufffdb"


def test_a_repetition_replaces_the_record_and_keeps_the_feedback(log):
    log.add(query(1))
    log.feedback(thumb(1))
    log.keep(Snapshot("k", 1, b"s"), 1)
    log.add(query(1))
    assert log.snapshot("k") is not None  # the same record: nothing has changed
    log.add(query(1, decisions=(DECISION,)))
    assert len(log.query("q1").decisions) == 1
    assert [item.number for item in log.feedbacks()] == [1]
    assert log.snapshot("k") is None
    assert log.revoked(1, seen=1)
    assert not log.revoked(1, seen=log.last())


def test_queries_are_read_oldest_first_and_by_what_is_asked(log, monkeypatch):
    monkeypatch.setattr("dynamicrag.store.log.PAGE", 2)
    for number in (3, 1, 2, 5, 4):
        log.add(query(number, policy="odd" if number % 2 else "even"))
    ids = [each.id for each in log.queries()]
    assert ids == ["q1", "q2", "q3", "q4", "q5"]
    assert [each.id for each in log.queries(since=1003.0)] == ["q3", "q4", "q5"]
    assert [each.id for each in log.queries(policy="even")] == ["q2", "q4"]
    assert [each.id for each in log.queries(ids=["q4", "q1", "q4", "other"])] == ["q1", "q4"]
    assert list(log.queries(ids=[])) == []


def test_queries_of_one_moment_are_all_read(log, monkeypatch):
    monkeypatch.setattr("dynamicrag.store.log.PAGE", 2)
    for number in range(5):
        log.add(replace(query(number), at=1.0))
    assert len(list(log.queries())) == 5


def test_the_settled_cost_joins_its_query(log, where):
    log.add(query(1))
    assert log.query("q1").cost == {}
    figures = {"usd": {"value": None, "kind": "unknown"}, "joules": {"value": 2.0, "kind": "modelled"}}
    turn = {"id": "q1", "at": 1.0, "policy": "p", "thread": "", "cost": figures}
    Runs(where).add(turn, "a?", {}, {"id": "p1"})
    assert log.query("q1").cost == {"usd": None, "joules": 2.0}
    assert next(log.queries()).cost == {"usd": None, "joules": 2.0}


def test_feedback_is_numbered_from_one(log):
    log.add(query(1))
    log.add(query(2))
    assert log.feedback(thumb(1))
    assert log.feedback(thumb(2, 0.0, stage="retriever"))
    assert log.feedback(thumb(1, name="stars"))
    items = log.feedbacks()
    assert [(item.query_id, item.number) for item in items] == [("q1", 1), ("q2", 2), ("q1", 3)]
    assert items[1] == thumb(2, 0.0, stage="retriever", number=2)
    assert [item.number for item in log.feedbacks(after=1)] == [2, 3]
    assert [item.number for item in log.feedbacks(most=2)] == [1, 2]
    assert [item.number for item in log.feedbacks(query_ids=["q1", "q1"])] == [1, 3]


def test_repeated_feedback_changes_nothing(log):
    log.add(query(1))
    assert log.feedback(thumb(1))
    assert not log.feedback(thumb(1, at=9.0))
    assert log.feedbacks() == [thumb(1, number=1)]


def test_another_value_replaces_the_earlier_one_and_gets_a_new_number(log):
    log.add(query(1))
    log.add(query(2))
    log.feedback(thumb(1))
    log.feedback(thumb(2))
    assert log.feedback(thumb(1, 0.0))
    assert [(item.query_id, item.score, item.number) for item in log.feedbacks()] == [
        ("q2", 1.0, 2),
        ("q1", 0.0, 3),
    ]


def test_a_preference_is_one_pair_in_either_order(log):
    log.add(query(1))
    pair = thumb(1, None, stage="generator", a="small", b="large", y=1.0)
    assert log.feedback(pair)
    assert not log.feedback(replace(pair, a="large", b="small", y=0.0))
    assert log.feedback(replace(pair, y=0.5))
    (kept,) = log.feedbacks()
    assert (kept.a, kept.b, kept.y, kept.score) == ("large", "small", 0.5, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"score": None}, "a score, or a preference"),
        ({"y": 1.0}, "a score, or a preference"),
        ({"score": 1.5}, "from 0 to 1"),
        ({"score": float("nan")}, "from 0 to 1"),
        ({"score": None, "y": -1.0, "a": "x", "b": "y", "stage": "generator"}, "from 0 to 1"),
        ({"score": None, "y": 1.0, "a": "x", "b": "x", "stage": "generator"}, "two different options"),
        ({"score": None, "y": 1.0, "a": "x", "b": "y"}, "two different options"),
        ({"a": "x"}, "not a pair"),
    ],
)
def test_bad_feedback_is_refused(tmp_path, changes, why):
    log = Log(Database(tmp_path / "runs.sqlite"))
    log.add(query(1))
    with pytest.raises(InputError, match=why):
        log.feedback(thumb(1, **changes))
    assert log.feedbacks() == []


def test_feedback_on_an_unknown_query_is_refused(log):
    with pytest.raises(InputError, match="no query 'q9' is in the decision log"):
        log.feedback(thumb(9))
    log.add(query(1))
    log.prune(before=2000.0)
    with pytest.raises(InputError, match="no query 'q1'"):
        log.feedback(thumb(1))
    assert log.feedbacks() == []


def test_the_latest_snapshot_is_kept(log):
    for upto, state in ((0, b"none"), (3, b"three"), (2, b"late")):
        log.keep(Snapshot("k", upto, state), upto)
    log.keep(Snapshot("other", 1, b"x"), 1)
    assert log.snapshot("k") == Snapshot("k", 3, b"three")
    assert log.snapshot("unknown") is None


def test_a_replaced_value_takes_the_snapshots_that_learnt_from_it(log):
    for number in (1, 2, 3):
        log.add(query(number))
        log.feedback(thumb(number))
        log.keep(Snapshot("k", number, b"%d" % number), number)
    log.feedback(thumb(2, 0.0))
    assert log.snapshot("k") == Snapshot("k", 1, b"1")
    assert [log.revoked(upto, seen=3) for upto in (0, 1, 2, 3, 4)] == [False, False, True, True, True]
    assert not any(log.revoked(upto, seen=4) for upto in (0, 1, 2, 3, 4))
    log.keep(Snapshot("k", 3, b"3"), 3)  # by a learner that has not seen the change
    assert log.snapshot("k") == Snapshot("k", 1, b"1")
    log.keep(Snapshot("k", 4, b"4"), 4)
    assert log.snapshot("k") == Snapshot("k", 4, b"4")


def test_revocations_are_bounded_and_stay_true(log, monkeypatch):
    monkeypatch.setattr("dynamicrag.store.feedbacks.MOST_REVOKED", 2)
    log.add(query(1))
    for number in range(9):
        log.feedback(thumb(1, number / 10))  # entry n + 1 replaces entry n
    assert all(log.revoked(upto, seen=upto) for upto in range(1, 9))
    assert not log.revoked(9, seen=9)


def test_snapshots_from_before_the_oldest_feedback_survive(log):
    small = Log(log._database, keep=2)
    for number in range(1, 30):
        small.add(query(number))
        small.feedback(thumb(number))
        small.keep(Snapshot("k", number, b"%d" % number), number)
    assert [item.number for item in small.feedbacks()] == [28, 29]
    small.feedback(thumb(28, 0.0))
    found = small.snapshot("k")
    assert found is not None
    assert found.upto < 28


def test_no_more_queries_are_kept_than_asked(log):
    small = Log(log._database, keep=3)
    for number in range(5):
        small.add(query(number))
        small.feedback(thumb(number))
    assert [each.id for each in small.queries()] == ["q2", "q3", "q4"]
    assert [item.query_id for item in small.feedbacks()] == ["q2", "q3", "q4"]


def test_pruning_by_age_keeps_snapshots(log, where):
    for number in (1, 2):
        log.add(query(number))
        log.feedback(thumb(number))
        Runs(where).add(
            {"id": f"q{number}", "at": 1000.0 + number, "policy": "p", "thread": ""}, "a?", {}, {"id": "p"}
        )
    log.keep(Snapshot("k", 2, b"s"), 2)
    assert log.prune(before=1002.0) == 1
    assert [each.id for each in log.queries()] == ["q2"]
    assert [turn["id"] for turn in Runs(where).turns()] == ["q2"]
    assert [item.query_id for item in log.feedbacks()] == ["q2"]
    assert log.snapshot("k") is not None
    assert log.feedback(thumb(2, 0.0))  # numbers go on
    assert [item.number for item in log.feedbacks()] == [3]


def test_pruning_by_user_deletes_snapshots(log, where):
    for number, user in ((1, "anna"), (2, "bob"), (3, "anna")):
        log.add(query(number), user)
        log.feedback(thumb(number))
        turn = {"id": f"q{number}", "at": 1000.0, "policy": "p", "thread": "", "user": user}
        Runs(where).add(turn, "a?", {}, {"id": "p"})
    log.keep(Snapshot("k", 3, b"s"), 3)
    assert log.prune(user="nobody") == 0
    assert log.snapshot("k") is not None
    assert log.prune(user="anna", before=1003.0) == 2  # the account of q3 is older
    assert [each.id for each in log.queries()] == ["q2"]
    assert log.snapshot("k") is None
    assert log.revoked(3, seen=3)
    log.keep(Snapshot("k", 3, b"s"), 3)
    assert log.snapshot("k") is None
    assert [turn["user"] for turn in Runs(where).turns()] == ["bob"]
    assert log.prune() == 0


def test_users_are_hashes_of_one_key(log):
    for number, user in ((1, "anna"), (2, "anna"), (3, "bob"), (4, "")):
        log.add(query(number), user)
    anna, again, bob, nobody = (each.user for each in log.queries())
    assert anna == again != bob
    assert nobody == ""
    assert "anna" not in anna


def test_damaged_rows_are_skipped_with_a_line(log, database, caplog):
    for number in (1, 2, 3):
        log.add(query(number))
        log.feedback(thumb(number))
    with database.write() as db:
        at = {} if database.path is None else {"at": text("'never'")}
        db.execute(update(QUERIES).where(QUERIES.c.id == "q1").values(record="{}", **at))
        db.execute(update(QUERIES).where(QUERIES.c.id == "q2").values(features=b"\0"))
        db.execute(update(FEEDBACK).where(FEEDBACK.c.number == 2).values(score=None))
    with caplog.at_level(logging.WARNING):
        assert [each.id for each in log.queries()] == ["q3"]
        assert [each.id for each in log.queries(ids=["q1", "q2", "q3"])] == ["q3"]
        assert log.query("q1") is None
        assert [item.number for item in log.feedbacks()] == [1, 3]
    assert "'q1': its record in the decision log is damaged" in caplog.text


def test_nothing_there_is_no_error_and_makes_no_file(tmp_path):
    log = Log(Database(tmp_path / "runs.sqlite"))
    assert (log.query("q1"), list(log.queries()), log.feedbacks(), log.snapshot("k")) == (None, [], [], None)
    assert (log.prune(before=9.0), log.revoked(1, seen=0)) == (0, False)
    assert not (tmp_path / "runs.sqlite").exists()
