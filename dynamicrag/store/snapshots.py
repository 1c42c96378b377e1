"""Snapshots of learners as rows: the latest, and some earlier ones to fall back on."""

from sqlalchemy import Connection, delete, func, select

from dynamicrag.store.feedbacks import first_number, revoked, take_number
from dynamicrag.store.logged import Snapshot
from dynamicrag.store.rows import put
from dynamicrag.store.tables import SNAPSHOTS

STEPS = 3
"""Number of snapshots between the latest and the oldest feedback in the log."""


def store(db: Connection, snapshot: Snapshot, seen: int) -> None:
    """Store a snapshot, unless a later one is stored or feedback that it learnt from was revoked."""
    take_number(db, 0)  # no feedback is replaced until the end of the transaction
    latest = select(func.max(SNAPSHOTS.c.upto)).where(SNAPSHOTS.c.key == snapshot.key)
    if (db.execute(latest).scalar() or 0) > snapshot.upto or revoked(db, snapshot.upto, seen):
        return
    row = {"key": snapshot.key, "upto": snapshot.upto, "state": snapshot.state}
    put(db, SNAPSHOTS, row, "key", "upto")
    _thin(db, snapshot.key)


def load(db: Connection, key: str) -> Snapshot | None:
    """Return the latest snapshot of a learner."""
    found = select(SNAPSHOTS).where(SNAPSHOTS.c.key == key).order_by(SNAPSHOTS.c.upto.desc()).limit(1)
    row = db.execute(found).first()
    return None if row is None else Snapshot(row.key, row.upto, row.state)


def _thin(db: Connection, key: str) -> None:
    """Keep the latest snapshot, a few before it, and the last from before the oldest feedback in the log.

    Only feedback in the log can be replaced, so that last one stays valid. It holds what learners know of
    queries that the log has no longer.
    """
    found = select(SNAPSHOTS.c.upto).where(SNAPSHOTS.c.key == key).order_by(SNAPSHOTS.c.upto.desc())
    latest, *earlier = db.execute(found).scalars().all()
    oldest = first_number(db) or latest
    least, kept = (latest - oldest) / (STEPS + 1), [latest]
    for upto in earlier:
        if kept[-1] < oldest:
            break
        if upto < oldest or kept[-1] - upto >= least:
            kept.append(upto)
    db.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.key == key, SNAPSHOTS.c.upto.not_in(kept)))
