"""Deletes queries from the run store: accounts, decisions and feedback together."""

import json

from sqlalchemy import Connection, delete, select

from dynamicrag.store.feedbacks import revoke, take_number
from dynamicrag.store.rows import chunks, user_mark
from dynamicrag.store.tables import PROCESSES, QUERIES, TURNS


def prune(db: Connection, before: float | None, user: str | None) -> int:
    """Delete the queries that are both older than ``before`` and of ``user``; return their number.

    Without a time in seconds since the epoch, any age counts; without a name, all users. Snapshots are
    deleted if the user has queries here: any of them may have learnt from earlier ones.
    """
    number = 0 if user is None else take_number(db)  # first, as every writer of feedback does
    accounts, logged = select(TURNS.c.id, TURNS.c.record), select(QUERIES.c.id)
    if before is not None:
        accounts, logged = accounts.where(TURNS.c.at < before), logged.where(QUERIES.c.at < before)
    if user is not None:
        logged = logged.where(QUERIES.c.user == user_mark(db, user))
    ids = {row.id for row in db.execute(accounts) if user is None or _user(row.record) == user}
    ids |= set(db.execute(logged).scalars())
    for some in chunks(sorted(ids)):
        db.execute(delete(TURNS).where(TURNS.c.id.in_(some)))
        db.execute(delete(QUERIES).where(QUERIES.c.id.in_(some)))
    drop_processes(db)
    if user is not None and ids:
        revoke(db, 1, number)
    return len(ids)


def drop_processes(db: Connection) -> None:
    """Delete the accounts of processes without any query."""
    db.execute(delete(PROCESSES).where(PROCESSES.c.id.not_in(select(TURNS.c.process))))


def _user(record: str) -> str:
    try:
        return str(json.loads(record)["user"])
    except (ValueError, KeyError, TypeError):
        return ""
