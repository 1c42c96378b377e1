"""Text that was sent is never withdrawn; a client that leaves ends its query, which stays on the account."""

import asyncio
import json

import pytest

from dynamicrag.serve import Settings, answering, streaming

from .conftest import ANSWER, PRICE, Visit, asked
from .test_chat import PATH, events, text_of

ESCALATING = {
    "context": {
        "options": {"short": {"chunks": 1}, "long": {"chunks": 2}},
        "router": {"fixed": {"option": "short"}},
    },
    "verification": {
        "options": ["accept", "escalate"], "verifiers": ["unanswerable"], "router": "thresholds",
        "escalate": {"unanswerable": ["context"]},
    },
}  # fmt: skip


async def test_a_policy_that_may_withdraw_sends_the_accepted_answer_in_one_piece(site):
    site.script = lambda kind, prompt: ANSWER if len(site.chat.calls) > 1 else "unanswerable"
    response = await site.client(stages=ESCALATING).post(PATH, json=asked(stream=True))
    chunks = events(response.text)
    assert text_of(chunks) == ANSWER
    assert len(chunks) == 4
    assert len(chunks[-2]["dynamicrag"]["escalations"]) == 1


async def test_a_call_that_accepts_every_draft_is_live(site):
    body = asked(stream=True, dynamicrag={"options": {"verification": "accept"}})
    chunks = events((await site.client(stages=ESCALATING).post(PATH, json=body)).text)
    assert len(chunks) == 1 + len(ANSWER.split()) + 2


async def test_a_model_that_fails_before_its_first_text_has_a_status(site):
    site.script = lambda kind, prompt: "BREAK"
    response = await site.client().post(PATH, json=asked(stream=True))
    error = response.json()["error"]
    assert response.status_code in (502, 503)
    assert error["type"] == "server_error"
    assert "line broke" not in error["message"]


async def test_a_model_that_fails_half_way_is_an_error_in_the_stream(site):
    site.script = lambda kind, prompt: "It opened BREAK"
    response = await site.client().post(PATH, json=asked(stream=True))
    assert response.status_code == 200
    assert '"content":"opened "' in response.text
    last = json.loads(response.text.strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["error"]["type"] == "server_error"
    assert "[DONE]" not in response.text


async def test_another_model_after_text_was_sent_is_an_error_and_before_it_the_answer(site):
    models = {"m": {"profile": PRICE}, "n": {"profile": PRICE}}
    stages = {"generator": {"options": ["m", "n"], "router": {"fixed": {"option": "m"}}}}
    site.more = {"n": type(site.chat)(script=lambda kind, prompt: "In 1871, they say.")}
    site.script = lambda kind, prompt: "BREAK"
    response = await site.client(models=models, stages=stages).post(PATH, json=asked(stream=True))
    assert text_of(events(response.text)) == "In 1871, they say."
    site.script = lambda kind, prompt: "It opened BREAK"
    response = await site.client(models=models, stages=stages).post(PATH, json=asked(stream=True))
    assert "answer_withdrawn" in response.text


async def test_a_comment_keeps_a_silent_stream_open(site, monkeypatch):
    monkeypatch.setattr(answering, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.05)
    site.script = lambda kind, prompt: "WAIT"
    visit = Visit(site.app(), json.dumps(asked(stream=True)).encode())
    await visit.until(lambda: visit.text.count(": the query runs\n\n") > 2)
    assert visit.status == 200
    await visit.leave()


async def intact(site, visit):
    """Assert that a query whose client left is on the account, and that nothing of it is left over."""
    assert visit.task.done()
    rag = site.rag
    assert not rag.pipeline.ledger.attribution._open
    assert rag.flush()
    standing = rag.budget()["usd"]
    accounts = [rag.account(query) for query in rag.pipeline.ledger._accounts]
    (account,) = [each for each in accounts if any(line.label == "m" for line in each.lines)]
    assert [line.failed for line in account.lines if line.label == "m"] == [True]
    assert rag.cost(account.query_id)["usd"] > 0, "the worst case, for its usage is unknown"
    assert standing["spent"] == pytest.approx(rag.cost(account.query_id)["usd"])
    assert standing["set_aside"] == 0


BUDGET = {"objective": {"budget": {"total": {"usd": 1.0}}}}


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_cancels_its_query_and_pays_for_it(site, stream):
    site.script = lambda kind, prompt: "It opened WAIT in 1871."
    app = site.app(**BUDGET)
    visit = Visit(app, json.dumps(asked(stream=stream)).encode())
    await visit.until(lambda: '"opened "' in visit.text if stream else site.chat.calls)
    await visit.leave()
    await intact(site, visit)
    service = app.state.service
    assert (service.gate.admitted, service.gate.running) == (0, 0)
    assert b'dynamicrag_queries_total{policy="policy",status="499"} 1.0' in service.metrics.text({})


async def test_a_server_that_stops_cancels_what_runs_and_closes_the_books(site):
    site.script = lambda kind, prompt: "It opened WAIT in 1871."
    app = site.app(**BUDGET)
    visit = Visit(app, json.dumps(asked(stream=True)).encode())
    await visit.until(lambda: '"opened "' in visit.text)
    await app.state.service.close()
    visit.task.cancel()
    await visit.done()
    await intact(site, visit)
    late = await site.of(app).post(PATH, json=asked())
    assert (late.status_code, late.json()["error"]["type"]) == (503, "server_error")


@pytest.mark.parametrize("stream", [True, False])
async def test_a_query_that_has_not_begun_when_the_server_stops_is_refused(site, stream):
    app = site.app()
    service = app.state.service
    visit = Visit(app, json.dumps(asked(stream=stream)).encode())
    while not service._tasks:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await service.cancel()
    await visit.until(visit.task.done)
    assert (visit.status, site.chat.calls) == (503, [])


async def test_a_query_has_a_time_limit(site):
    site.script = lambda kind, prompt: "It opened WAIT in 1871."
    client = site.client(Settings(seconds=0.3), **BUDGET)
    site.rag.warm()
    response = await client.post(PATH, json=asked())
    assert (response.status_code, response.json()["error"]["code"]) == (504, "timeout")
    assert response.headers["x-should-retry"] == "false"
    assert site.rag.budget()["usd"]["set_aside"] == 0
