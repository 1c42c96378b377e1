"""Creates the tables of the run store, and upgrades those of earlier versions in place."""

from sqlalchemy import Connection, insert, inspect, select, text

from dynamicrag.errors import RunsError
from dynamicrag.store.tables import COUNTERS, FACTS, METADATA

VERSION = 2
FEEDBACK_COUNTER = "feedback"
SCHEMA = "dynamicrag"
"""Schema of the tables on Postgres: the database may have tables of other programs."""
_LOCK = 0x64796E72
"""Key of the lock under which a Postgres store is created: ``dynr``."""


def version_of(db: Connection) -> int:
    """Return the version of the tables; 0 if there are none."""
    if db.dialect.name == "sqlite":
        return int(db.exec_driver_sql("PRAGMA user_version").scalar_one())
    if not inspect(db).has_table(FACTS.name, schema=SCHEMA):
        return 0
    return int(db.execute(select(FACTS.c.value).where(FACTS.c.name == "version")).scalar() or 0)


def migrate(db: Connection, name: str) -> None:
    """Create the tables of a store, or upgrade them, within a transaction of the writer.

    Raises:
        RunsError: A later version of the package wrote the tables.
    """
    postgres = db.dialect.name != "sqlite"
    if postgres:
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = version_of(db)
    if version > VERSION or version < 0:
        raise RunsError(
            f"{name}: written by a later dynamicrag version; upgrade dynamicrag, or use another store"
        )
    if version == VERSION:  # another process was faster
        return
    if postgres:
        db.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    if version == 1:
        _to_2(db)
    else:
        METADATA.create_all(db)
    db.execute(insert(COUNTERS).values(name=FEEDBACK_COUNTER, value=0))
    if postgres:
        db.execute(insert(FACTS).values(name="version", value=str(VERSION)))
    else:
        db.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def _to_2(db: Connection) -> None:
    """Number the queries in the order of writing, and add the tables of the decision log.

    Version 1 is a SQLite file: the rows had no number of their own.
    """
    db.exec_driver_sql("ALTER TABLE turns RENAME TO turns_1")
    db.exec_driver_sql("DROP INDEX IF EXISTS turns_at")
    METADATA.create_all(db)
    columns = "id, at, policy, thread, process, question, record"
    db.exec_driver_sql(f"INSERT INTO turns ({columns}) SELECT {columns} FROM turns_1 ORDER BY rowid")  # noqa: S608
    db.exec_driver_sql("DROP TABLE turns_1")
