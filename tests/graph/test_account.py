"""A query's account over failures and runs from a checkpoint, and what the answer says of it."""

import asyncio
import json
import threading

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import RetryPolicy

from dynamicrag.errors import ProviderError

from .conftest import call
from .test_foreign import PRICED
from .test_turns import FIRST, THREAD, TURNS

ESCALATING = {
    "options": ["accept", "refine", "escalate", "abstain"],
    "verifiers": ["unanswerable"],
    "router": "thresholds",
    "escalate": {"unanswerable": "generator"},
    "max_escalations": 2,
}


def usd(report, key="cost"):
    return pytest.approx(report[key]["usd"]["value"])


def before(app, node, thread=THREAD):
    return next(past for past in app.get_state_history(thread) if past.next == (node,)).config


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_answer_and_who_streams_are_told_the_same(make, ask, how):
    app = make(models=PRICED).build_graph().compile()
    out = call(app, how, ask(FIRST))
    message, report = out["messages"][-1], out["rag"]["report"]
    about = message.response_metadata["dynamicrag"]
    assert about == {
        key: report[key] for key in ("query_id", "path", "cost", "sources", "abstained", "outside")
    }
    assert about["sources"][0] == {"id": report["passages"][0], "title": "About town03"}
    assert usd(about) == 0.01
    tokens = report["tokens"]
    assert message.usage_metadata == {
        "input_tokens": tokens["input"],
        "output_tokens": tokens["output"],
        "total_tokens": tokens["input"] + tokens["output"],
    }
    assert tokens["output"] == 5
    (told,) = [event for event in app.stream(ask(FIRST), stream_mode="custom") if event["type"] == "report"]
    assert set(told) == {*report, "type"}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_no_withdrawn_draft_is_returned(make, ask, how):
    make.scripts["small"] = lambda kind, text: "unanswerable, says the small one"
    make.scripts["medium"] = lambda kind, text: "In 1813"
    app = make(stages={"verification": ESCALATING}).build_graph().compile(checkpointer=InMemorySaver())
    out = call(app, how, ask(FIRST), THREAD)
    assert out["rag"]["report"]["drafts"] == {"written": 2, "stands": 2}
    assert out["messages"][-1].text == "In 1813"
    assert "the small one" not in json.dumps(out["rag"]) + str(out["messages"])
    assert "the small one" not in json.dumps(app.get_state(THREAD).values["rag"])
    make.models["medium"].script = make.models["large"].script = make.scripts["small"]
    out = call(app, how, ask(TURNS[2]), THREAD)
    assert out["rag"]["report"]["abstained"]
    assert out["rag"]["turn"]["draft"] is None
    assert "the small one" not in json.dumps(out["rag"])


@pytest.mark.slow
def test_the_calls_of_a_node_that_failed_are_on_the_account_of_the_next_try(make, ask):
    make.scripts["small"] = lambda kind, text: "well BREAK"
    rag = make(models=PRICED, stages={"generator": {"options": ["small"]}})
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    for _ in range(2):
        with pytest.raises(ProviderError):
            app.invoke(ask(FIRST) if not make.models["small"].calls else None, THREAD)
    make.models["small"].script = lambda kind, text: "In 1813"
    make.models["small"].outage.__init__()
    report = app.invoke(None, THREAD)["rag"]["report"]
    lines = rag.account(report["query_id"]).lines
    assert [line.failed for line in lines if line.label == "small"] == [True, True, False]
    assert usd(report) == usd(report, "cost_all_runs") == 0.03
    again = app.invoke(None, before(app, "finish"))["rag"]["report"]
    assert usd(again) == usd(again, "cost_all_runs") == 0.03, "the state has them now"


@pytest.mark.slow
def test_a_retried_node_is_charged_for_both_tries(make, ask):
    tries = []

    def script(kind, text):
        tries.append(text)
        return "well BREAK" if len(tries) == 1 else "In 1813"

    make.scripts["small"] = script
    rag = make(models=PRICED, stages={"generator": {"options": ["small"]}})
    graph = rag.build_graph()
    graph.set_node_defaults(retry_policy=RetryPolicy(initial_interval=0.01, retry_on=ProviderError))
    make.models["small"].outage.blocked = False
    report = graph.compile().invoke(ask(FIRST))["rag"]["report"]
    assert usd(report) == 0.02


def test_many_runs_from_one_checkpoint_at_once_are_each_charged_for_their_own(make, ask):
    rag = make(models=PRICED, objective={"budget": {"per_query": {"usd": 0.05}, "total": {"usd": 1.0}}})
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    app.invoke(ask(FIRST), THREAD)
    early, reports = before(app, "generate"), []

    def again():
        reports.append(app.invoke(None, early)["rag"]["report"])

    threads = [threading.Thread(target=again) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [usd(report) == 0.01 for report in reports] == [True] * 8, "the limit of a query is one run's"
    assert usd(app.invoke(None, early)["rag"]["report"], "cost_all_runs") == 0.10
    assert rag.flush()
    assert rag.budget()["usd"]["spent"] == pytest.approx(0.10)
    lines = rag.account(reports[0]["query_id"]).lines
    assert len({line.id for line in lines}) == len(lines)


def test_each_line_teaches_and_is_kept_once(make, ask, monkeypatch, tmp_path):
    from dynamicrag.cost.runs import Runs

    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    rag = make(models=PRICED)
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    app.invoke(ask(FIRST), THREAD)
    assert rag.flush()
    for _ in range(3):
        app.invoke(None, before(app, "generate"))
        assert rag.flush()
    (row,) = Runs().turns()
    assert row["cost"]["usd"]["value"] == pytest.approx(0.04), "the row has all runs"
    assert len({line["id"] for line in row["lines"]}) == len(row["lines"])


def test_the_state_does_not_grow_with_the_conversation(make, ask):
    app = make().build_graph().compile(checkpointer=InMemorySaver())
    sizes = []
    for turn in range(6):
        out = app.invoke(ask(TURNS[0] if turn % 2 else TURNS[2]), THREAD)
        sizes.append(len(json.dumps({**out["rag"], "turn": {**out["rag"]["turn"], "history": []}})))
        assert not out["rag"]["siblings"]
    assert max(sizes[1:]) < 1.1 * min(sizes[1:])


async def test_a_cancelled_run_goes_on_with_its_account(make, ask):
    make.scripts["small"] = lambda kind, text: "word " * 2000
    rag = make(models=PRICED)
    app = rag.build_graph().compile(checkpointer=InMemorySaver())
    task = asyncio.create_task(app.ainvoke(ask(FIRST), THREAD))
    while not (make.models.get("small") and make.models["small"].calls):  # noqa: ASYNC110 - on another loop
        await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    make.models["small"].script = lambda kind, text: "In 1813"
    report = (await app.ainvoke(None, THREAD))["rag"]["report"]
    assert usd(report) == 0.02, "what was cut off is charged too"
