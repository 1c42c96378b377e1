"""Statements that SQLite and Postgres write differently, and the keyed hashes that stand for texts."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Executable, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from dynamicrag.store.tables import FACTS

_SECRET = select(FACTS.c.value).where(FACTS.c.name == "secret")
CHUNK = 5_000
"""Values in one statement: SQLite takes 32,766."""


def put(db: Connection, table: Table, row: Mapping[str, Any], *keys: str) -> None:
    """Insert a row, or replace the row that has the same values in the columns ``keys``."""
    db.execute(_upsert(db.dialect.name, table, tuple(row), keys), row)


def put_new(db: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, unless there is one with its key."""
    db.execute(_insert(db.dialect.name, table).on_conflict_do_nothing(), row)


def _insert(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _upsert(dialect: str, table: Table, columns: tuple[str, ...], keys: tuple[str, ...]) -> Executable:
    """Return the statement; making it takes longer than running it."""
    statement = _insert(dialect, table)
    others = {name: statement.excluded[name] for name in columns if name not in keys}
    made: Executable = statement.on_conflict_do_update(index_elements=keys, set_=others)
    return made


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield values, each once, in lists that are short enough for one statement."""
    distinct = [*dict.fromkeys(ids)]
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


class Bound:
    """Bounds a table: called after each new row, it deletes the oldest in the order of writing.

    It does so at the first row, and then as often as keeps the excess under 1 %.

    Args:
        table: The table.
        keep: Largest number of rows.
    """

    def __init__(self, table: Table, keep: int) -> None:
        self._table = table
        self._keep = keep
        self._added = count()

    def __call__(self, db: Connection) -> int:
        """Return the number of deleted rows."""
        if next(self._added) % (self._keep // 100 + 1):
            return 0
        number = self._table.c.number
        last = db.execute(select(number).order_by(number.desc()).offset(self._keep).limit(1)).scalar()
        return 0 if last is None else db.execute(delete(self._table).where(number <= last)).rowcount


def mark_of(db: Connection, text: str, length: int = 16) -> str:
    """Return a hash of a text under the key of this store; it is the same for the same text."""
    key = db.execute(_SECRET).scalar()
    if key is None:
        put_new(db, FACTS, {"name": "secret", "value": secrets.token_hex(16)})
        key = db.execute(_SECRET).scalar_one()
    return hmac.new(str(key).encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:length]


def user_mark(db: Connection, user: str) -> str:
    """Return the hash that stands for a user's name; ``""`` for ``""``."""
    return mark_of(db, f"user\0{user}", 32) if user else ""
