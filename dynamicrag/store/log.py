"""The decision log: finished queries with their decisions, feedback on them, and snapshots of learners."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, Select, select, tuple_

from dynamicrag.store import feedbacks, snapshots
from dynamicrag.store.database import Database
from dynamicrag.store.encode import query_of, row_of
from dynamicrag.store.feedbacks import feedback_of
from dynamicrag.store.logged import Feedback, LoggedQuery, Snapshot
from dynamicrag.store.pruning import prune
from dynamicrag.store.rows import Bound, chunks, put, user_mark
from dynamicrag.store.tables import FEEDBACK, QUERIES, TURNS

__all__ = ["Log", "Snapshot"]

T = TypeVar("T", LoggedQuery, Feedback)

PAGE = 500
"""Queries read at a time."""
DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_QUERY = select(QUERIES, TURNS.c.record.label("settled")).outerjoin(TURNS, TURNS.c.id == QUERIES.c.id)

_log = logging.getLogger(__name__)


class Log:
    """The decision log in the run store. Safe for threads and for processes.

    Args:
        database: The run store.
        keep: Largest number of queries kept; the oldest are deleted first, with decisions and feedback.

    Raises:
        RunsError: From all methods: the store cannot be read or written.
    """

    def __init__(self, database: Database, keep: int = 20_000) -> None:
        self._database = database
        self._bound = Bound(QUERIES, keep)

    def add(self, query: LoggedQuery, user: str = "") -> None:
        """Commit a query with its decisions; a repetition replaces the earlier record.

        If the record changes and the query has feedback, snapshots that had learnt from it are deleted.

        Args:
            query: The query.
            user: Name of the user. Its keyed hash is stored, in place of ``query.user``.
        """
        row = row_of(query)
        with self._database.write() as db:
            if user:
                row["user"] = user_mark(db, user)
            found = select(QUERIES.c.record, QUERIES.c.features).where(QUERIES.c.id == query.id)
            before = db.execute(found).first()
            if before is not None and tuple(before) != (row["record"], row["features"]):
                number = feedbacks.take_number(db)
                first = feedbacks.first_number(db, query.id)
                if first is not None:
                    feedbacks.revoke(db, first, number)
            put(db, QUERIES, row, "id")
            self._bound(db)

    def feedback(self, item: Feedback) -> bool:
        """Commit feedback; return whether it changed the log.

        If it replaces an earlier value, the earlier entry is deleted, this one gets a new number, and
        snapshots that had learnt from the earlier one are deleted in the same transaction. The pairs (a, b)
        and (b, a) are the same pair.

        Raises:
            InputError: The query is unknown: it was never stored, or it was pruned. Or the value is invalid.
        """
        item = feedbacks.checked(item)
        with self._database.write() as db:
            changed = feedbacks.store(db, item)
            if not changed:
                db.rollback()
        return changed

    def query(self, query_id: str) -> LoggedQuery | None:
        """Return one query, or ``None``; a damaged one counts as missing."""
        rows = self._database.rows(_QUERY.where(QUERIES.c.id == query_id))
        return next(_sound(query_of, rows, "query", "id"), None)

    def queries(
        self, *, since: float = 0.0, policy: str | None = None, ids: Sequence[str] | None = None
    ) -> Iterator[LoggedQuery]:
        """Return queries, oldest first. They are read page by page, so that writers need not wait."""
        wanted = _QUERY.where(QUERIES.c.at >= since)
        if policy is not None:
            wanted = wanted.where(QUERIES.c.policy == policy)
        rows = self._pages(wanted) if ids is None else self._named(wanted, ids)
        yield from _sound(query_of, rows, "query", "id")

    def feedbacks(
        self, *, after: int = 0, most: int = 1_000, query_ids: Sequence[str] | None = None
    ) -> list[Feedback]:
        """Return feedback in the order of its numbers; every later commit has a larger number."""
        wanted = select(FEEDBACK).where(FEEDBACK.c.number > after).order_by(FEEDBACK.c.number).limit(most)
        if query_ids is None:
            rows = self._database.rows(wanted)
        else:
            rows = self._database.rows(
                *(wanted.where(FEEDBACK.c.query.in_(some)) for some in chunks(query_ids))
            )
            rows.sort(key=lambda row: int(row.number))
        return list(_sound(feedback_of, rows[:most], "feedback", "number"))

    def last(self) -> int:
        """Return the number of the last change of feedback; all changes up to it are committed."""
        if not self._database.exists():
            return 0
        with self._database.read() as db:
            return feedbacks.last_number(db)

    def revoked(self, upto: int, seen: int) -> bool:
        """Return whether a state is no longer valid, because feedback that it learnt was replaced or deleted.

        Ask after reading the feedback that comes next.

        Args:
            upto: Number of the last feedback that it has learnt from.
            seen: A number from :meth:`last`, from before that feedback was read.
        """
        if not self._database.exists():
            return False
        with self._database.read() as db:
            return feedbacks.revoked(db, upto, seen)

    def snapshot(self, key: str) -> Snapshot | None:
        """Return the latest snapshot of a learner."""
        if not self._database.exists():
            return None
        with self._database.read() as db:
            return snapshots.load(db, key)

    def keep(self, snapshot: Snapshot, seen: int) -> None:
        """Store a snapshot, unless a later one is stored or its feedback has been replaced meanwhile.

        Some earlier snapshots are kept too: they are valid again when later ones are deleted.

        Args:
            snapshot: The snapshot.
            seen: As for :meth:`revoked`.
        """
        with self._database.write() as db:
            snapshots.store(db, snapshot, seen)

    def prune(self, *, before: float | None = None, user: str | None = None) -> int:
        """Delete queries with their accounts, decisions and feedback, by age or by user; return their number.

        With both, queries must meet both. Pruning by age keeps snapshots, which hold sums and no query;
        pruning by user deletes them, and the learners learn again from the rest.

        Args:
            before: Seconds since the epoch.
            user: Name of the user.
        """
        if not self._database.exists() or (before is None and user is None):
            return 0
        with self._database.write() as db:
            number = prune(db, before, user)
        self._database.erase()
        return number

    def _pages(self, wanted: Select[Any]) -> Iterator[Row[Any]]:
        key = tuple_(QUERIES.c.at, QUERIES.c.number)
        wanted = wanted.order_by(QUERIES.c.at, QUERIES.c.number).limit(PAGE)
        page = wanted
        while rows := self._database.rows(page):
            yield from rows
            page = wanted.where(key > (rows[-1].at, rows[-1].number))

    def _named(self, wanted: Select[Any], ids: Sequence[str]) -> list[Row[Any]]:
        rows = self._database.rows(*(wanted.where(QUERIES.c.id.in_(some)) for some in chunks(ids)))
        return sorted(rows, key=lambda row: (_moment(row), row.number))


def _moment(row: Row[Any]) -> float:
    return row.at if isinstance(row.at, float) else 0.0  # a damaged one is skipped when it is decoded


def _sound(decode: Callable[[Row[Any]], T], rows: Iterable[Row[Any]], what: str, key: str) -> Iterator[T]:
    """Yield decoded rows; damaged ones are skipped."""
    for row in rows:
        try:
            yield decode(row)
        except DAMAGED as error:
            name = getattr(row, key)
            _log.warning(
                "%s %r: its record in the decision log is damaged (%r) and skipped", what, name, error
            )
