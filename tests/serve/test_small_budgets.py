"""Budgets that no question fits."""

import pytest

from dynamicrag.serve import Settings
from dynamicrag.serve.keys import read_keys
from dynamicrag.serve.small_budgets import small_budgets

from .conftest import ANNA, asked
from .test_chat import PATH


async def test_a_tenth_that_fits_no_option_is_named_at_the_start(site):
    keys = read_keys({"anna": {"key": ANNA, "budget": {"tokens": 600}}}, "keys")
    settings = Settings(keys=keys, budget_per_user={"usd": 1e-5})
    client = site.client(settings, ANNA)
    first, second = small_budgets(site.rag, settings)
    assert first.startswith("--budget-per-user: one question may use a tenth of it, 1e-06 usd")
    assert second.startswith("budget of key 'anna': one question may use a tenth of it, 60 tokens")
    refused = await client.post(PATH, json=asked())
    assert refused.status_code == 429
    assert "within 60 tokens" in refused.json()["error"]["message"]


@pytest.mark.parametrize("budget", [{}, {"usd": 1.0}, {"tokens": 1e6}, {"joules": 1.0}])
def test_other_budgets_are_not(site, budget):
    settings = Settings(budget_per_user=budget)
    site.app(settings)
    assert list(small_budgets(site.rag, settings)) == []
