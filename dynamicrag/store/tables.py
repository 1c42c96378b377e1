"""The tables of the run store. Records are JSON texts, so that a new field needs no new column."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts up."""

FACTS = Table(
    "facts",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Single values: the key of all hashes, and on Postgres the version of these tables."""

TURNS = Table(
    "turns",
    METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("at", Double, nullable=False),
    Column("policy", String, nullable=False),
    Column("thread", String, nullable=False),
    Column("process", String, nullable=False),
    Column("question", String, nullable=False),
    Column("record", Text, nullable=False),
    Index("turns_at_number", "at", "number"),
    sqlite_autoincrement=True,
)
"""Settled accounts of queries, numbered in the order of writing."""

PROCESSES = Table(
    "processes",
    METADATA,
    Column("id", String, primary_key=True),
    Column("at", Double, nullable=False),
    Column("record", Text, nullable=False),
)

CALLS = Table(
    "calls",
    METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("host", String, nullable=False),
    Column("spec", String, nullable=False),
    Column("computed", Double, nullable=False),
    Column("output", Double, nullable=False),
    Column("joules", Double, nullable=False),
    Column("seconds", Double, nullable=False),
)
"""Metered calls of local models, for the calibration."""

QUERIES = Table(
    "queries",
    METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("at", Double, nullable=False),
    Column("policy", String, nullable=False),
    Column("user", String, nullable=False, index=True),
    Column("vector", LargeBinary, nullable=False),
    Column("features", LargeBinary, nullable=False),
    Column("record", Text, nullable=False),
    Index("queries_at_number", "at", "number"),
    sqlite_autoincrement=True,
)
"""The decision log: answered queries, committed before the answer returns."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("query", String, ForeignKey(QUERIES.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("a", String, nullable=False),
    Column("b", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("score", Double),
    Column("y", Double),
    UniqueConstraint("query", "name", "source", "stage", "a", "b", name="feedback_once"),
)

SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("key", String, primary_key=True),
    Column("upto", BigInteger, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
)

COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""One row, the number of the last change of feedback. Its lock makes such changes wait for each other."""

REVOKED = Table(
    "revoked",
    METADATA,
    Column("by", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
"""Feedback that no longer counts, from ``number`` on, and the number of the change that revoked it."""
