"""Threads and the store of LangGraph Server in Postgres: ``langgraph.postgres.json`` names both functions.

``DYNAMICRAG_THREADS`` is the address, for example ``postgresql://rag@db.example/rag``. With
``langgraph.json`` the server keeps threads in its memory. It needs the packages
``langgraph-checkpoint-postgres`` and ``psycopg[binary]``.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.store.postgres.aio import AsyncPostgresStore
from psycopg import AsyncConnection, ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from dynamicrag import InputError

VARIABLE = "DYNAMICRAG_THREADS"


@asynccontextmanager
async def checkpointer() -> AsyncIterator[AsyncPostgresSaver]:
    """Open the checkpointer, and create its tables."""
    async with _pool() as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        yield saver


@asynccontextmanager
async def store() -> AsyncIterator[AsyncPostgresStore]:
    """Open the store, and create its tables."""
    async with _pool() as pool:
        made = AsyncPostgresStore(pool)
        await made.setup()
        yield made


def _pool() -> AsyncConnectionPool[AsyncConnection[DictRow]]:
    """Return connections that outlast a restart of Postgres.

    Raises:
        InputError: The variable is not set, or has no address of Postgres.
    """
    address = os.environ.get(VARIABLE, "")
    if not address:
        raise InputError(
            f"{VARIABLE}: not set; give it the address of a Postgres database, or start the server with "
            "langgraph.json, which keeps threads in memory"
        )
    try:
        conninfo_to_dict(address)
    except ProgrammingError:  # it repeats the address, and with it the password
        raise InputError(f"{VARIABLE}: no address of Postgres; valid: postgresql://USER@HOST/NAME") from None
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    check = AsyncConnectionPool.check_connection
    return AsyncConnectionPool(address, min_size=1, max_size=10, kwargs=settings, open=False, check=check)
