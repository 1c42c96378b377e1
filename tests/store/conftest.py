"""Run stores: a new SQLite file, or the tables of a new schema on Postgres."""

import os
from urllib.parse import urlsplit

import pytest


def postgres() -> str:
    """Return the address of an empty store on Postgres, a database per worker; skip without a server."""
    address = os.environ.get("DYNAMICRAG_TEST_POSTGRES")
    if not address:
        pytest.skip("DYNAMICRAG_TEST_POSTGRES names no database; source .ci/services")
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    name = f"dynamicrag_{os.environ.get('PYTEST_XDIST_WORKER', 'tests')}"
    with psycopg.connect(address, autocommit=True) as db:
        if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            db.execute(f"CREATE DATABASE {name}")
    own = urlsplit(address)._replace(path=f"/{name}").geturl()
    with psycopg.connect(own, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS dynamicrag CASCADE")
    return own


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def where(request, tmp_path):
    """Return the place of an empty store."""
    return tmp_path / "runs.sqlite" if request.param == "sqlite" else postgres()


@pytest.fixture
def database(where):
    from dynamicrag.store.database import Database

    opened = Database(where)
    yield opened
    opened.close()


@pytest.fixture
def log(database):
    from dynamicrag.store.log import Log

    return Log(database)
