"""Feedback as rows: numbers in the order of commits, replaced values, and the revocation of both."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from dynamicrag.errors import InputError
from dynamicrag.store.logged import Feedback
from dynamicrag.store.migrations import FEEDBACK_COUNTER
from dynamicrag.store.tables import COUNTERS, FEEDBACK, QUERIES, REVOKED, SNAPSHOTS

ONCE = ("query", "name", "source", "stage", "a", "b")
"""Columns that together have one row."""
MOST_REVOKED = 1_000


def checked(item: Feedback) -> Feedback:
    """Return feedback with the options of its pair in one order.

    Raises:
        InputError: It has no value or two, a value outside of 0 to 1, or an invalid pair.
    """
    pair = item.y is not None
    if pair == (item.score is not None):
        raise InputError("feedback: give either a score, or a preference between two options")
    value = item.y if pair else item.score
    assert value is not None, "one of them is given"
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise InputError(f"feedback: {'y' if pair else 'score'}: expected a number from 0 to 1; got {value}")
    if pair and not (item.stage and item.a and item.b and item.a != item.b):
        raise InputError("feedback: a preference is between two different options of a stage")
    if not pair and (item.a or item.b):
        raise InputError("feedback: a score rates a query or a stage, not a pair of options")
    return replace(item, a=item.b, b=item.a, y=1 - value) if pair and item.a > item.b else item


def store(db: Connection, item: Feedback) -> bool:
    """Store feedback; return whether it changed the log. If it did not, the caller rolls back.

    Raises:
        InputError: The query is unknown.
    """
    number = take_number(db)
    # a lock, so that the query is not pruned meanwhile
    query = select(QUERIES.c.id).where(QUERIES.c.id == item.query_id)
    if db.execute(query.with_for_update(read=True, key_share=True)).first() is None:
        raise InputError(
            f"feedback: no query {item.query_id!r} is in the decision log; valid: a report['query_id'] of a "
            "query that was answered and not deleted since; a policy with runs: {keep: 0} logs none"
        )
    row = _row(item)
    same = and_(*(FEEDBACK.c[name] == row[name] for name in ONCE))
    before = db.execute(select(FEEDBACK).where(same)).mappings().first()
    if before is not None:
        if (before["score"], before["y"]) == (row["score"], row["y"]):
            return False
        db.execute(delete(FEEDBACK).where(FEEDBACK.c.number == before["number"]))
        revoke(db, before["number"], number)
    db.execute(insert(FEEDBACK).values(**row, number=number))
    return True


def take_number(db: Connection, step: int = 1) -> int:
    """Return the next number. All others who change feedback wait until the transaction ends.

    So numbers are in the order of commits. With ``step`` 0, it is the last number that was given.
    """
    counter = COUNTERS.c.name == FEEDBACK_COUNTER
    db.execute(update(COUNTERS).where(counter).values(value=COUNTERS.c.value + step))
    return int(db.execute(select(COUNTERS.c.value).where(counter)).scalar_one())


def revoke(db: Connection, number: int, by: int) -> None:
    """Delete snapshots that had learnt from an entry, and note it, so that none is stored again.

    Args:
        db: The transaction.
        number: Number of the entry; 1 if any may be concerned.
        by: Number of the change, from :func:`take_number`.
    """
    db.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.upto >= number))
    db.execute(insert(REVOKED).values(by=by, number=number))
    rows = db.execute(select(REVOKED).order_by(REVOKED.c.by.desc()).offset(MOST_REVOKED)).all()
    if rows:  # join the oldest into one, which covers more than each of them
        last = max(row.by for row in rows)
        db.execute(delete(REVOKED).where(REVOKED.c.by <= last))
        db.execute(insert(REVOKED).values(by=last, number=min(row.number for row in rows)))


def revoked(db: Connection, upto: int, seen: int) -> bool:
    """Return whether an entry up to a number was revoked by a change after the number ``seen``."""
    found = select(REVOKED.c.by).where(REVOKED.c.by > seen, REVOKED.c.number <= upto).limit(1)
    return db.execute(found).first() is not None


def last_number(db: Connection) -> int:
    """Return the number of the last change of feedback."""
    found = select(COUNTERS.c.value).where(COUNTERS.c.name == FEEDBACK_COUNTER)
    return int(db.execute(found).scalar() or 0)


def first_number(db: Connection, query_id: str | None = None) -> int | None:
    """Return the smallest number in the log, or of a query; ``None`` if there is none."""
    found = select(func.min(FEEDBACK.c.number))
    if query_id is not None:
        found = found.where(FEEDBACK.c.query == query_id)
    number = db.execute(found).scalar()
    return None if number is None else int(number)


def feedback_of(row: Row[Any]) -> Feedback:
    """Return a row as feedback.

    Raises:
        ValueError: The row is damaged.
    """
    values = row._asdict()
    item = Feedback(query_id=values.pop("query"), **values)
    numbers = [item.at, item.y if item.score is None else item.score]
    if not all(isinstance(value, int | float) for value in numbers):
        raise ValueError("a number is none")
    return item


def _row(item: Feedback) -> Mapping[str, Any]:
    return {
        "query": item.query_id, "name": item.name, "source": item.source, "stage": item.stage,
        "a": item.a, "b": item.b, "at": item.at, "score": item.score, "y": item.y,
    }  # fmt: skip
