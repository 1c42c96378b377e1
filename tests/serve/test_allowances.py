"""Budgets of users: reserved before a query, settled after it, never overspent."""

import asyncio
import json

import pytest

from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.errors import InputError
from dynamicrag.serve import Settings, allowances
from dynamicrag.serve.keys import read_keys
from dynamicrag.serve.tickets import admitted
from dynamicrag.store.address import data_dir

from .conftest import ANNA, BERT, PRICE, Visit, asked
from .test_chat import PATH

COST = 104e-6
"""Cost of the scripted answer in usd."""


def purse(user=""):
    return SharedPurse(data_dir() / "budgets.sqlite", allowances._account(user))


def limited(usd, **more):
    return Settings(budget_per_user={"usd": usd}, **more)


async def test_a_query_is_charged_to_its_user(site):
    client = site.client(limited(1.0))
    for user in ("anna", "anna", "bert"):
        assert (await client.post(PATH, json=asked(user=user))).status_code == 200
    assert purse("anna").state() == ({"usd": pytest.approx(2 * COST)}, {})
    assert purse("bert").state() == ({"usd": pytest.approx(COST)}, {})


async def test_a_user_without_budget_left_is_refused_and_others_are_not(site):
    client = site.client(limited(1.0))
    purse("anna").add({"usd": 1.0})
    refused = await client.post(PATH, json=asked(user="anna"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    assert refused.headers["x-should-retry"] == "false"
    assert site.chat.calls == []
    assert (await client.post(PATH, json=asked(user="bert"))).status_code == 200


async def test_a_query_whose_worst_case_exceeds_its_share_is_refused(site):
    refused = await site.client(limited(1e-4)).post(PATH, json=asked())
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    assert "objective" not in refused.text
    assert "within 1e-05 usd" in refused.text
    assert "a tenth of your budget per day (0.0001 usd)" in refused.text
    assert site.chat.calls == []
    assert purse().state() == ({"usd": 0.0}, {})


async def test_a_failed_query_frees_its_share(site):
    site.script = lambda kind, prompt: "BREAK"
    client = site.client(limited(1.0))
    assert (await client.post(PATH, json=asked())).status_code >= 500
    spent, held = purse().state()
    assert (held, spent["usd"] < 0.1) == ({}, True)


async def test_a_client_that_leaves_pays_and_frees_its_share(site):
    site.script = lambda kind, prompt: "It opened WAIT"
    visit = Visit(site.app(limited(1.0)), json.dumps(asked()).encode())
    await visit.until(lambda: site.chat.calls)
    assert purse().state()[1]["usd"] == pytest.approx(0.1), "a tenth"
    await visit.leave()
    spent, held = purse().state()
    account = [a for a in map(site.rag.account, site.rag.pipeline.ledger._accounts) if len(a.lines)][-1]
    assert (spent["usd"], held) == (pytest.approx(site.rag.cost(account.query_id)["usd"]), {})
    assert spent["usd"] > 0


async def test_a_query_that_goes_on_after_a_pause_pays_for_its_first_part_once(site):
    app = site.app(limited(1.0), models={"m": {"profile": PRICE}}, host={"meter": "cpu"})
    query = (await site.of(app).post(PATH, json=asked())).json()["dynamicrag"]["query_id"]
    async with admitted(app.state.service, "policy", "", {"usd": 1.0}, {}, resumed=query) as ticket:
        assert ticket.query_id == query
    await app.state.service.close()
    assert purse().state()[0]["usd"] == pytest.approx(COST)


async def test_a_lower_limit_of_the_request_is_reserved(site):
    site.script = lambda kind, prompt: "It opened WAIT"
    body = asked(dynamicrag={"budget": {"usd": 0.05}})
    visit = Visit(site.app(limited(1.0)), json.dumps(body).encode())
    await visit.until(lambda: site.chat.calls)
    assert purse().state()[1]["usd"] == pytest.approx(0.05)
    await visit.leave()


@pytest.mark.slow
async def test_parallel_queries_of_a_user_never_overspend(site):
    """Each may reserve a tenth; the others wait, and are refused when nothing is left."""
    most = {"usd": {"call": 0.04, "input": 0, "output": 0}}
    client = site.client(limited(0.5), models={"m": {"profile": most}})
    responses = await asyncio.gather(*(client.post(PATH, json=asked()) for _ in range(24)))
    codes = [response.status_code for response in responses]
    spent, held = purse().state()
    assert set(codes) == {200, 429}
    assert spent["usd"] == pytest.approx(0.04 * codes.count(200))
    assert spent["usd"] <= 0.5
    assert held == {}


async def test_a_key_has_a_budget_of_its_own(site):
    keys = read_keys({"anna": {"key": ANNA, "budget": {"usd": 1e-4}}, "bert": BERT}, "keys")
    app = site.app(limited(1.0, keys=keys))
    assert (await site.of(app, ANNA).post(PATH, json=asked(user="x"))).status_code == 429
    assert (await site.of(app, BERT).post(PATH, json=asked(user="x"))).status_code == 200
    assert purse("bert").state()[0]["usd"] == pytest.approx(COST), "the key pays, for all its users"


@pytest.mark.slow
async def test_joules_are_corrected_once_they_are_metered(site):
    settings = Settings(budget_per_user={"joules": 1e6})
    app = site.app(settings, models={"m": {"profile": PRICE}}, host={"meter": "cpu"})
    query = (await site.of(app).post(PATH, json=asked())).json()["dynamicrag"]["query_id"]
    await app.state.service.close()
    assert purse().state()[0]["joules"] == pytest.approx(site.rag.cost(query)["joules"])


def test_a_budget_in_usd_needs_every_price(site):
    with pytest.raises(InputError, match=r"no price is known of model 'm', .*set .*models\.m\.profile\.usd"):
        site.app(limited(1.0), models={"m": {}})


@pytest.mark.parametrize("budget", [{"dollars": 1.0}, {"usd": float("nan")}, {"tokens": -1}])
def test_a_budget_of_settings_names_dimensions_and_amounts(site, budget):
    with pytest.raises(InputError, match=r"--budget-per-user.*(valid: .*usd|expected a number)"):
        site.app(Settings(budget_per_user=budget))
