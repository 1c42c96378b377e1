"""The address of LangGraph Server's threads."""

import pytest

from dynamicrag import InputError

pytest.importorskip("psycopg_pool", reason="psycopg is not installed")


@pytest.mark.parametrize("address", ["", "postgres//u:hidden@h/db", "postgresql://u:hidden@h:port/db?what=1"])
async def test_a_wrong_address_is_refused_and_not_repeated(monkeypatch, address):
    from graphs.postgres import checkpointer

    monkeypatch.setenv("DYNAMICRAG_THREADS", address)
    with pytest.raises(InputError, match=r"^DYNAMICRAG_THREADS: ") as refused:
        async with checkpointer():
            pass
    assert "hidden" not in str(refused.value)
