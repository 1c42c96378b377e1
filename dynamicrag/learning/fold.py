"""Folds the feedback of the log into the states of learners, in a background thread.

A state is a function of the log: the feedback up to a number, in the order of its numbers. So a process that
dies loses nothing: the next one starts from the latest snapshot and folds the rest. Snapshots only save time.
"""

import copy
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dynamicrag.errors import DynamicRAGError
from dynamicrag.learning.examples import Example, Weight, examples
from dynamicrag.predictors.state import State
from dynamicrag.routers.online import Learnt, Online
from dynamicrag.store.logged import Feedback, Snapshot

if TYPE_CHECKING:
    from dynamicrag.store.log import Log

AT_ONCE = 500
"""Feedback read from the log at once."""
SNAPSHOT_EVERY = 200
"""Feedback after which a snapshot is stored."""
POLL_SECONDS = 5.0
"""Interval in which the log is read for feedback of other processes."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pupil:
    """A learner that is kept up to the log.

    Attributes:
        policy: Name of the policy; feedback on other policies' queries is not learnt.
        router: The router with the learner.
        weight: Weight of feedback by source.
        seen: Number of the last change of feedback when it read the log; -1 before the first fold.
        kept: Number of the last feedback in a snapshot.
    """

    policy: str
    router: Online
    weight: Weight
    seen: int = -1
    kept: int = 0

    @property
    def key(self) -> str:
        """Identity of its state in the log."""
        return f"{self.policy}/{self.router.key}"


class Folder:
    """Keeps learners up to the log. Safe for threads.

    Args:
        log: The log.
        pupils: The learners.
    """

    def __init__(self, log: "Log", pupils: Sequence[Pupil]) -> None:
        self._log = log
        self._pupils = list(pupils)
        self._folding = threading.Lock()
        self._wake = threading.Event()
        self._ready = threading.Event()
        self._pid = 0
        self._closed = False
        self._warned = False

    def start(self) -> None:
        """Start the background thread, also after a fork; without learners there is none."""
        if not self._pupils or self._pid == os.getpid() or self._closed:
            return
        self._pid = os.getpid()
        self._folding, self._wake, self._ready = threading.Lock(), threading.Event(), threading.Event()
        threading.Thread(target=self._work, name="dynamicrag-learning", daemon=True).start()

    def notify(self) -> None:
        """Have new feedback folded soon. Never blocks."""
        self.start()
        self._wake.set()

    def ready(self, timeout: float) -> bool:
        """Wait until the log was folded for the first time; return whether it was."""
        return not self._pupils or self._ready.wait(timeout)

    def fold(self) -> int:
        """Fold all feedback that is in the log by now; return the number of rewards learnt. Blocks.

        Raises:
            RunsError: The log cannot be read.
        """
        with self._folding:
            return sum(self._fold(pupil) for pupil in self._pupils)

    def close(self) -> None:
        """Stop the thread. The log has everything; the next process continues from it."""
        self._closed = True
        self._wake.set()

    def _work(self) -> None:
        while not self._closed:
            try:
                self.fold()
                self._warned = False
            except DynamicRAGError as error:
                level = logging.DEBUG if self._warned else logging.WARNING
                self._warned = True
                _log.log(level, "feedback is not learnt for now: %s", error)
            self._ready.set()
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    def _fold(self, pupil: Pupil) -> int:
        log, router = self._log, pupil.router
        if pupil.seen < 0:
            self._start(pupil)
        before = router.learnt.rewards
        while True:
            learnt, last = router.learnt, log.last()
            items = log.feedbacks(after=learnt.upto, most=AT_ONCE)
            if log.revoked(learnt.upto, pupil.seen):
                self._start(pupil)
                continue
            pupil.seen = last
            if not items:
                return router.learnt.rewards - before
            # decisions read the state meanwhile: it is replaced, never changed
            router.learnt = taught(router, learnt, items, log, pupil.weight, pupil.policy)
            if router.learnt.upto - pupil.kept >= SNAPSHOT_EVERY:
                self._keep(pupil)

    def _start(self, pupil: Pupil) -> None:
        """Take the state of the latest snapshot, or the one before any reward."""
        router, pupil.seen = pupil.router, self._log.last()
        options = router.learnt.options
        router.learnt, pupil.kept = router.fresh(options), 0
        snapshot = self._log.snapshot(pupil.key)
        if snapshot is None:
            return
        try:
            state = State.from_bytes(snapshot.state, "snapshot", "state of a learner", "it is left out")
            router.learnt = Learnt.from_state(state, pupil.key).fitting(options)
            pupil.kept = snapshot.upto
        except DynamicRAGError as error:
            _log.warning("%s: a snapshot cannot be used (%s); learning again from the log", pupil.key, error)

    def _keep(self, pupil: Pupil) -> None:
        learnt = pupil.router.learnt
        self._log.keep(Snapshot(pupil.key, learnt.upto, learnt.state().to_bytes()), pupil.seen)
        pupil.kept = learnt.upto


def taught(
    router: Online,
    learnt: Learnt,
    items: Sequence[Feedback],
    log: "Log",
    weight: Weight,
    policy: str | None = None,
) -> Learnt:
    """Return the state of a router's learner after some feedback.

    Args:
        router: The router.
        learnt: The state before.
        items: The feedback, at least one, in the order of its numbers.
        log: The log with the queries.
        weight: Weight by source.
        policy: Name of the policy whose queries are learnt from; all by default.
    """
    known = {query.id: query for query in log.queries(ids=[item.query_id for item in items], policy=policy)}
    found = [
        example
        for item in items
        if item.query_id in known
        for example in examples(router, known[item.query_id], item, weight)
    ]
    return replace(after(learnt, found), upto=items[-1].number)


def after(learnt: Learnt, found: Sequence[Example]) -> Learnt:
    """Return the state after some examples; those of options that it lacks are left out."""
    predictor, learned = copy.deepcopy(learnt.predictor), 0
    places = {name: place for place, name in enumerate(learnt.options)}
    for each in found:
        if each.option not in places or (each.rival and each.rival not in places):
            continue
        option = places[each.option]
        if each.rival:
            predictor.learn_pair(each.x, option, places[each.rival], each.value, each.weight, lead=each.lead)
        else:
            predictor.learn(each.x, option, each.value, each.weight)
        learned += 1
    return replace(learnt, predictor=predictor, rewards=learnt.rewards + learned)
