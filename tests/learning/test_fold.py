"""The state of a learner is a function of the log, however it was reached."""

import itertools
import threading
import time

import numpy as np
import pytest

from dynamicrag.errors import RunsError
from dynamicrag.learning import fold
from dynamicrag.learning.fold import Folder, Pupil
from dynamicrag.routers.online import NOTHING_KNOWN, Online
from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from dynamicrag.store.logged import Feedback
from dynamicrag.types import Option
from tests.learning.rows import decision, query


def router(*, options=("small", "large"), stage="generator", name="linucb", **more):
    given = {"base": None, "start": "none", "weights": {}, "explore": {}, "reward": "quality", "embed": None}
    own = Online(name, {}, **{**given, **more})
    own.check(stage, [Option(option) for option in options], "tests")
    return own


def pupil(**more):
    return Pupil("mine", router(**more), lambda source: {"off": 0.0, "half": 0.5}.get(source, 1.0))


@pytest.fixture
def new(tmp_path):
    """Return a function that makes an empty log."""
    numbers = itertools.count()
    return lambda: Log(Database(tmp_path / f"runs{next(numbers)}.sqlite"))


@pytest.fixture
def log(new):
    return new()


def logged(count, log, seed=0):
    """Fill a log with rewards: the large model is right, the small one wrong."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        chosen = ("small", "large")[rng.integers(2)]
        log.add(query(number, decision(chosen, words=float(rng.integers(3, 20)))))
        log.feedback(Feedback(f"q{number}", "thumb", "user", 0.0, score=float(chosen == "large")))
    return log


def estimate(own, words=8.0):
    return (
        NOTHING_KNOWN
        + own.router.learnt.predictor.predict(own.router.row({"words": words}, None)[None]).mean[0]
    )


def test_rewards_move_the_estimates(log):
    own = pupil()
    assert Folder(logged(60, log), [own]).fold() == 60
    small, large = estimate(own)
    assert large > 0.8
    assert small < 0.2
    assert own.router.learnt.upto == 60


def test_folding_again_learns_nothing_twice(log):
    own = pupil()
    logged(20, log)
    folder = Folder(log, [own])
    folder.fold()
    before = estimate(own)
    assert folder.fold() == 0
    assert (estimate(own) == before).all()


def test_a_process_forked_in_the_middle_of_a_fold_can_fold(log):
    folder = Folder(logged(20, log), [pupil()])
    folder.start()
    assert folder.ready(5.0)
    folder._folding.acquire()  # a fork leaves the locks as they were, and only the caller's thread
    folder._pid -= 1
    done = threading.Thread(target=folder.fold, daemon=True)
    done.start()
    done.join(5.0)
    folder.close()
    assert not done.is_alive()


@pytest.mark.parametrize("every", [7, 1_000])
def test_a_process_that_starts_in_the_middle_reaches_the_same_state(monkeypatch, new, every):
    monkeypatch.setattr(fold, "SNAPSHOT_EVERY", every)
    monkeypatch.setattr(fold, "AT_ONCE", 5)
    log = logged(30, new())
    one, two = pupil(), pupil()
    Folder(log, [one]).fold()  # and dies
    logged(50, log)
    Folder(log, [two]).fold()
    fresh, whole = pupil(), new()
    logged(50, whole)
    Folder(whole, [fresh]).fold()
    assert np.allclose(estimate(two), estimate(fresh), atol=1e-9)
    assert two.router.learnt.rewards == 50


def test_a_changed_thumb_replaces_the_earlier_one(monkeypatch, log):
    monkeypatch.setattr(fold, "SNAPSHOT_EVERY", 1)
    own = pupil()
    folder = Folder(logged(20, log), [own])
    folder.fold()
    log.feedback(Feedback("q3", "thumb", "user", 1.0, score=0.5))
    folder.fold()
    again = pupil()
    Folder(log, [again]).fold()
    assert own.router.learnt.rewards == 20
    assert np.allclose(estimate(own), estimate(again), atol=1e-9)


def test_sources_have_weights_and_can_be_off(log):
    log.add(query(1, decision("large")))
    for source in ("off", "half"):
        log.feedback(Feedback("q1", "thumb", source, 0.0, score=1.0))
    own = pupil()
    assert Folder(log, [own]).fold() == 1
    assert own.router.learnt.predictor.n.tolist() == [0.0, 0.5]


def test_other_policies_and_stages_are_not_learnt(log):
    own = pupil()
    log.add(query(1, decision("large"), policy="other"))
    log.add(query(2, decision("large")))
    log.feedback(Feedback("q1", "thumb", "user", 0.0, score=1.0))
    log.feedback(Feedback("q2", "recall", "user", 0.0, score=1.0, stage="retriever"))
    assert Folder(log, [own]).fold() == 0
    assert own.router.learnt.upto == 2


def test_only_the_choice_in_force_is_credited_and_never_a_forced_one(log):
    own = pupil()
    log.add(query(1, decision("small", seq=0), decision("large", seq=1)))
    log.add(query(2, decision("large", router="forced")))
    log.add(query(3, decision("large"), path={"generator": "small"}))
    for number in (1, 2, 3):
        log.feedback(Feedback(f"q{number}", "thumb", "user", 0.0, score=1.0))
    assert Folder(log, [own]).fold() == 1
    assert own.router.learnt.predictor.n.tolist() == [0.0, 1.0]


def test_a_preference_moves_both_options_apart(log):
    own = pupil()
    for number in range(20):
        log.add(query(number, decision("small")))
        log.feedback(
            Feedback(f"q{number}", "prefer", "user", 0.0, stage="generator", a="large", b="small", y=1.0)
        )
    Folder(log, [own]).fold()
    small, large = estimate(own, 5.0)
    assert large - small > 0.5


def test_another_set_of_options_keeps_what_was_learnt_of_the_others(monkeypatch, log):
    monkeypatch.setattr(fold, "SNAPSHOT_EVERY", 1)
    logged(40, log)
    Folder(log, [pupil()]).fold()
    later = pupil(options=("large", "huge"))
    Folder(log, [later]).fold()
    assert set(later.router.learnt.options) == {"large", "huge"}
    assert estimate(later)[later.router.learnt.options.index("large")] > 0.6


def test_a_damaged_snapshot_is_learnt_again(monkeypatch, caplog, log):
    monkeypatch.setattr(fold, "SNAPSHOT_EVERY", 1)
    logged(10, log)
    own = pupil()
    log.keep(fold.Snapshot(own.key, 10, b"damaged"), log.last())
    Folder(log, [own]).fold()
    assert own.router.learnt.rewards == 10
    assert "learning again" in caplog.text
    assert "dynamicrag train" not in caplog.text


def test_the_thread_folds_when_told_and_survives_a_store_that_is_down(monkeypatch, caplog, log):
    monkeypatch.setattr(fold, "POLL_SECONDS", 0.01)
    own = pupil()
    down = threading.Event()
    down.set()
    real = log.feedbacks

    def feedbacks(**which):
        if down.is_set():
            raise RunsError("the store is down")
        return real(**which)

    log.feedbacks = feedbacks
    folder = Folder(log, [own])
    folder.start()
    assert folder.ready(5.0)
    logged(5, log)
    down.clear()
    folder.notify()
    until = time.monotonic() + 60.0
    while own.router.learnt.rewards < 5 and time.monotonic() < until:
        time.sleep(0.005)
    folder.close()
    assert own.router.learnt.rewards == 5
    assert caplog.text.count("not learnt for now") == 1


def test_a_forgotten_user_is_unlearnt(monkeypatch, new):
    monkeypatch.setattr(fold, "SNAPSHOT_EVERY", 1)
    log, own = new(), pupil()
    for number in range(10):
        log.add(query(number, decision("large")), user="anna" if number % 2 else "bob")
        log.feedback(Feedback(f"q{number}", "thumb", "user", 0.0, score=1.0))
    folder = Folder(log, [own])
    folder.fold()
    assert log.prune(user="anna") == 5
    assert log.snapshot(own.key) is None
    folder.fold()
    assert own.router.learnt.rewards == 5
    later = pupil()
    Folder(log, [later]).fold()
    assert np.allclose(estimate(own), estimate(later), atol=1e-9)


def test_what_age_has_pruned_stays_learnt(monkeypatch, log):
    monkeypatch.setattr(fold, "SNAPSHOT_EVERY", 1)
    Folder(logged(30, log), [pupil()]).fold()
    assert log.prune(before=20.0) == 20
    later = pupil()
    Folder(log, [later]).fold()
    assert later.router.learnt.rewards == 30
