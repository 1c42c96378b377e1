"""Feedback, decisions, metrics and the page of the API."""

import json
import re
from html.parser import HTMLParser

import pytest

from dynamicrag.serve import decisions

from .conftest import PRICE, Visit, asked
from .test_chat import PATH

TWO = {
    "models": {"m": {"profile": PRICE}, "n": {"profile": PRICE}},
    "stages": {"generator": {"options": ["m", "n"], "router": {"fixed": {"option": "m"}}}},
}


async def answered(client):
    return (await client.post(PATH, json=asked())).json()["dynamicrag"]["query_id"]


async def test_a_score_is_stored_and_replaced(site):
    client = site.client()
    query = await answered(client)
    for score, changed in ((1, True), (True, False), (0.25, True)):
        stored = await client.post("/v1/feedback", json={"query_id": query, "score": score})
        assert (stored.status_code, stored.json()) == (200, {"query_id": query, "changed": changed})
    (item,) = site.rag.explain(query).feedback
    assert (item.score, item.name, item.source) == (0.25, "thumb", "user")


async def test_a_preference_is_stored(site):
    site.more["n"] = site.chat
    client = site.client(**TWO)
    query = await answered(client)
    given = {"query_id": query, "prefer": "n", "over": "m"}
    assert (await client.post("/v1/feedback", json=given)).json()["changed"]
    (item,) = site.rag.explain(query).feedback
    assert (item.a, item.b, item.y, item.stage) == ("m", "n", 0.0, "generator"), "in order of their names"
    assert (await client.post("/v1/feedback", json={**given, "tie": True})).json()["changed"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"score": 1.5}, 400),
        ({"score": "good"}, 400),
        ({}, 400),
        ({"score": 1, "prefer": "m", "over": "n"}, 400),
        ({"prefer": "m"}, 400),
        ({"prefer": "m", "over": "x"}, 400),
        ({"score": 1, "stage": "x"}, 400),
        ({"score": 1, "source": "gold"}, 400),
        ({"score": 1, "query_id": "none"}, 404),
    ],
)
async def test_invalid_feedback_is_refused(site, body, status):
    client = site.client()
    response = await client.post("/v1/feedback", json={"query_id": await answered(client), **body})
    assert response.status_code == status
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_decisions_say_why_and_what_it_cost(site):
    client = site.client()
    query = await answered(client)
    body = (await client.get(f"/v1/decisions/{query}")).json()
    assert [each["stage"] for each in body["decisions"]] == list(body["path"])
    assert all(each["reason"] for each in body["decisions"])
    assert body["cost"]["usd"]["value"] > 0
    assert (await client.get("/v1/decisions/none")).status_code == 404


async def test_decisions_hide_the_words_of_a_failed_provider(site):
    site.more["n"] = type(site.chat)(script=lambda kind, prompt: "In 1871.")
    site.script = lambda kind, prompt: "BREAK"
    client = site.client(**TWO)
    body = (await client.get(f"/v1/decisions/{await answered(client)}")).text
    assert decisions.FAILED in body
    assert "the line broke" not in body


async def test_metrics_count_what_the_accounts_have(site):
    client = site.client(objective={"budget": {"total": {"usd": 1.0}}})
    queries = [await answered(client) for _ in range(3)]
    await client.post(PATH, json=asked(""))
    text = (await client.get("/metrics")).text
    values = {name: float(value) for name, value in re.findall(r"^(\S+) (\S+)$", text, re.MULTILINE)}
    own = '{policy="policy"}'
    usd = sum(site.rag.cost(query)["usd"] for query in queries)
    assert values[f"dynamicrag_usd_total{own}"] == pytest.approx(usd)
    assert values[f"dynamicrag_joules_total{own}"] > 0
    assert values['dynamicrag_budget_left{dimension="usd"}'] == pytest.approx(1.0 - usd)
    assert values['dynamicrag_queries_total{policy="policy",status="200"}'] == 3
    assert values['dynamicrag_queries_total{policy="policy",status="400"}'] == 1
    assert values['dynamicrag_tokens_total{kind="output",policy="policy"}'] == 12
    assert values[f"dynamicrag_query_seconds_count{own}"] == 4


async def test_applications_share_no_metrics(site):
    first, second = site.client(), site.client()
    await answered(first)
    assert "dynamicrag_queries_total{" in (await first.get("/metrics")).text
    assert "dynamicrag_queries_total{" not in (await second.get("/metrics")).text


class Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.urls = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.urls += [value for name, value in attrs if name in ("src", "href")]


async def test_the_page_of_the_api_asks_no_other_host(site):
    client = site.client()
    text = (await client.get("/docs")).text
    page = Page(text)
    assert page.urls == ["openapi.json"]
    assert not page.tags & {"script", "link", "img"}
    document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        assert path in text
        assert all("422" not in operation["responses"] for operation in methods.values())


async def test_the_server_says_that_it_lives(site):
    assert (await site.client().get("/healthz")).json() == {"status": "ok"}


async def test_a_query_that_was_not_finished_has_its_reason(site):
    site.script = lambda kind, prompt: "It opened WAIT in 1871."
    app = site.app()
    visit = Visit(app, json.dumps(asked(stream=True)).encode())
    await visit.until(lambda: '"opened "' in visit.text)
    query = json.loads(visit.text.split("data: ")[1])["id"].removeprefix("chatcmpl-")
    await visit.leave()
    assert site.rag.flush()
    client = site.of(app)
    assert (await client.get(f"/v1/decisions/{query}")).status_code == 200
    for given in (query, f"chatcmpl-{query}"):
        refused = await client.post("/v1/feedback", json={"query_id": given, "score": 1})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, "query_not_finished")
        assert "was not finished" in error["message"]
    unknown = await client.post("/v1/feedback", json={"query_id": "nothing", "score": 1})
    assert unknown.status_code == 404


async def test_the_id_of_a_response_names_its_query(site):
    client = site.client()
    response = (await client.post("/v1/chat/completions", json=asked())).json()
    stored = await client.post("/v1/feedback", json={"query_id": response["id"], "score": 1})
    assert stored.json() == {"query_id": response["dynamicrag"]["query_id"], "changed": True}
