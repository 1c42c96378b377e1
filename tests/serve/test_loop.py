"""No request blocks the event loop: neither files, nor the store, nor sleep."""

import pytest

from dynamicrag.serve import Settings

from .conftest import ANNA, asked
from .test_chat import PATH

blockbuster = pytest.importorskip("blockbuster")


async def test_no_endpoint_blocks_the_loop(site, keys):
    client = site.client(Settings(keys=keys, budget_per_user={"usd": 1.0}), ANNA)
    await client.post(PATH, json=asked())  # imports block, once
    with blockbuster.blockbuster_ctx():
        for stream in (False, True):
            response = await client.post(PATH, json=asked(stream=stream))
            assert response.status_code == 200
        query = response.headers["x-dynamicrag-query-id"]
        rated = await client.post("/v1/feedback", json={"query_id": query, "score": 1})
        assert rated.status_code == 200
        for path in (
            f"/v1/decisions/{query}",
            "/v1/models",
            "/metrics",
            "/healthz",
            "/docs",
            "/openapi.json",
        ):
            assert (await client.get(path)).status_code == 200


async def test_the_trap_works():
    with blockbuster.blockbuster_ctx(), pytest.raises(blockbuster.BlockingError):
        __import__("time").sleep(0.01)
