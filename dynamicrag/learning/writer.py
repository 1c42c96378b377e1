"""Checks feedback on a logged query, and commits it."""

import numbers
import reprlib
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dynamicrag.errors import LONGEST, InputError, unknown
from dynamicrag.learning.sources import USER
from dynamicrag.store.logged import Feedback, LoggedDecision, LoggedQuery

if TYPE_CHECKING:
    from dynamicrag.store.log import Log

LONGEST_NAME = 100
"""Largest number of characters of the name or the source of feedback."""


def _no_learner() -> None:
    """Wake nobody."""


class FeedbackWriter:
    """Checks feedback, commits it to the decision log, and wakes the learners.

    Args:
        log: The decision log; ``None`` if the policy stores no queries.
        wake: Called after each change of the log. It must return at once and never fail.
    """

    def __init__(self, log: "Log | None", wake: Callable[[], None] = _no_learner) -> None:
        self.log = log
        self.wake = wake

    def score(
        self,
        query_id: str,
        score: float,
        *,
        name: str = "thumb",
        source: str = USER,
        stage: str | None = None,
    ) -> bool:
        """Commit a score; see :meth:`dynamicrag.DynamicRAG.feedback`."""
        value = _fraction("feedback", "score", score)
        item = _item("feedback", query_id, name, source)
        query = self._query("feedback", query_id)
        if stage is not None:
            _decisions("feedback", query, stage)
        return self._commit(replace(item, score=value, stage=stage or ""))

    def prefer(
        self, query_id: str, a: str, b: str, y: float, *, stage: str, name: str = "preference",
        source: str = USER,
    ) -> bool:  # fmt: skip
        """Commit a preference; see :meth:`dynamicrag.DynamicRAG.prefer`."""
        value = _fraction("prefer", "y", y)
        item = _item("prefer", query_id, name, source)
        decisions = _decisions("prefer", self._query("prefer", query_id), stage)
        options = list(dict.fromkeys(option for each in decisions for option in each.options))
        for option in (a, b):
            if option not in options:
                raise InputError(unknown(f"prefer: stage {stage}", "option", option, options))
        if a == b:
            raise InputError(f"prefer: {a!r} is compared with itself; give two options of {stage}")
        return self._commit(replace(item, stage=stage, a=a, b=b, y=value))

    def commit(self, items: Iterable[Feedback]) -> None:
        """Commit feedback that the package produced itself.

        Raises:
            RunsError: The store cannot be written.
            InputError: The query is no longer stored.
        """
        for item in items:
            self._commit(item)

    def _commit(self, item: Feedback) -> bool:
        assert self.log is not None, "the query was found in it"
        changed = self.log.feedback(item)
        if changed:
            self.wake()
        return changed

    def _query(self, where: str, query_id: str) -> LoggedQuery:
        if self.log is None:
            raise InputError(
                f"{where}: this policy stores no queries, so there is nothing to give feedback on; set runs: "
                "{keep: 20000}, and ask again"
            )
        query = self.log.query(query_id)
        if query is None:
            raise InputError(
                f"{where}: query {query_id[:LONGEST]!r} is not in the decision log; valid: a "
                "report['query_id']. Its answer may have failed, its policy may store no queries (runs.keep: "
                "0), the store may have been down or full, another data folder may hold it, or it may be "
                "deleted: runs.keep limits the number of stored queries, and old ones can be pruned"
            )
        return query


def _item(where: str, query_id: str, name: str, source: str) -> Feedback:
    """Return feedback without its value, after checking the texts."""
    if not (isinstance(query_id, str) and query_id and query_id.isprintable()):
        raise InputError(f"{where}: query_id is {reprlib.repr(query_id)}; valid: report['query_id']")
    for what, text in (("name", name), ("source", source)):
        if not (isinstance(text, str) and 0 < len(text) <= LONGEST_NAME and text.isprintable()):
            raise InputError(
                f"{where}: {what} is {str(text)[:LONGEST]!r}; valid: a word of 1 to {LONGEST_NAME} printable "
                "characters"
            )
    return Feedback(query_id, name, source, time.time())


def _fraction(where: str, what: str, value: float) -> float:
    """Return a number from 0 to 1; ``True`` is 1, and ``False`` is 0."""
    if isinstance(value, np.bool_):  # is no number there
        value = bool(value)
    if not (isinstance(value, numbers.Real) and 0 <= value <= 1):  # NaN is not
        shown = str(value) if isinstance(value, float) else reprlib.repr(value)
        raise InputError(f"{where}: {what} is {shown}; valid: a number from 0 to 1, True or False")
    return float(value)


def _decisions(where: str, query: LoggedQuery, stage: str) -> list[LoggedDecision]:
    """Return the decisions of a stage.

    Raises:
        InputError: The query has none.
    """
    found = [decision for decision in query.decisions if decision.stage == stage]
    if not found:
        stages = {decision.stage for decision in query.decisions}
        raise InputError(unknown(f"{where}: query {query.id}", "stage", stage, stages))
    return found
