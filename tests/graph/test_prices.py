"""A price that nobody knows is unknown, never 0; a limit in usd needs a price; what fits is tried."""

import asyncio
import signal
import threading
import time
from typing import Any

import pytest

from dynamicrag import BudgetExceeded, PolicyError
from dynamicrag.cost.runs import Runs
from dynamicrag.lab.report import records
from dynamicrag.lab.report.export import to_csv
from dynamicrag.lab.report.figures import statistics

from .conftest import call

QUESTION = "When was the bridge of town03 opened?"
PRICES = {"small": 1e-7, "medium": 1e-6, "large": 1e-5, "helper": 1e-7}


def models(*unknown: str, **prices: float) -> dict[str, Any]:
    return {
        name: {"model": f"fake:{name}"}
        | ({} if name in unknown else {"profile": {"usd": {"input": price, "output": price}}})
        for name, price in {**PRICES, **prices}.items()
    }


def taking(name: str) -> dict[str, Any]:
    return {"generator": {"options": ["small", "medium", "large"], "router": {"fixed": {"option": name}}}}


# --- unknown prices ----------------------------------------------------------------------------------------


def test_an_unknown_price_is_shown_as_unknown_everywhere(make, ask, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    rag = make()
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    unknown = {"value": None, "kind": "unknown"}
    assert out["rag"]["report"]["cost"]["usd"] == unknown
    assert out["rag"]["report"]["stages"]["generator"]["usd"] == unknown
    assert rag.cost(out["rag"]["report"]["query_id"]).figures()["usd"] == unknown
    made = next(d for d in out["rag"]["decisions"] if d["stage"] == "generator")
    assert [cost["usd"] for cost in made["expected"]] == [None, None, None]
    assert rag.flush()
    turns, *_ = records.load(Runs())
    assert turns[0].cost["usd"] == unknown
    assert Runs().turns()[0]["models"]["fake:small"]["usd"] is None
    assert statistics([turn.cost["usd"] for turn in turns]).total == unknown
    assert ",unknown," in to_csv(turns)


def test_a_sum_keeps_what_is_known_of_it(make, ask):
    make.scripts["large"] = lambda kind, text: "unanswerable"
    rag = make(models=models("small"), stages=taking("large"))
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    known = rag.cost(out["rag"]["report"]["query_id"])
    assert known.figures()["usd"]["kind"] == "estimated"
    again = rag.cost(rag.build_graph().compile().invoke(ask(QUESTION))["rag"]["report"]["query_id"])
    other = make(stages=taking("small"))
    unknown = other.cost(other.build_graph().compile().invoke(ask(QUESTION))["rag"]["report"]["query_id"])
    both = (known + again + unknown).figures()["usd"]
    assert both["value"] is None
    assert both["kind"] == "unknown"
    assert both["parts"] == {"estimated": pytest.approx(known["usd"] + again["usd"])}


def test_a_model_of_unknown_price_does_not_look_cheap(make):
    cost = make(models=models("small", large=5e-5)).pipeline.cost_model
    assert cost.call("small", 1000, 100)["usd"] >= cost.call("large", 1000, 100)["usd"]


@pytest.mark.parametrize("scope", ["per_query", "total"])
def test_a_limit_in_usd_needs_a_price(make, scope):
    objective = {"budget": {scope: {"usd": 1.0}}}
    with pytest.raises(
        PolicyError, match=rf"budget\.{scope}\.usd: no price is known of model 'medium'"
    ) as error:
        make(models=models("medium"), objective=objective)
    assert "models.medium.profile.usd: {input:" in str(error.value)
    make(models=models(), objective=objective)


def test_free_is_a_price(make, ask):
    free = {name: {"model": f"fake:{name}", "profile": {"usd": 0}} for name in PRICES}
    rag = make(models=free, objective={"budget": {"total": {"usd": 0}}})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["report"]["cost"]["usd"] == {"value": 0.0, "kind": "measured"}


# --- what still fits ---------------------------------------------------------------------------------------


def test_the_cheaper_model_goes_before_the_documents_do(make, ask):
    retrieval = {"retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "single"}}}}
    limit = {"budget": {"per_query": {"usd": 0.001}}}  # the largest has room for 100 tokens
    rag = make(models=models(), stages={**taking("large"), **retrieval}, objective=limit)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    path = out["rag"]["report"]["path"]
    assert (path["retrieval"], path["generator"]) == ("single", "medium")
    assert out["rag"]["report"]["passages"]
    assert out["rag"]["report"]["cost"]["usd"]["value"] <= 0.001


def test_a_shorter_context_is_a_way_on_too(make, ask):
    stages = {
        "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "single"}}},
        "context": {
            "options": {"one": {"chunks": 1}, "many": {"chunks": 16}},
            "router": {"fixed": {"option": "many"}},
        },
    }
    rag = make(models=models(), stages=stages, objective={"budget": {"per_query": {"tokens": 1200}}})
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["report"]["path"]["retrieval"] == "single", (
        "sixteen chunks are expected to be too many, one is not"
    )
    assert out["rag"]["report"]["passages"]


def test_where_no_model_can_read_them_documents_go(make, ask):
    retrieval = {"retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "single"}}}}
    dear = models(small=1e-5, medium=1e-5, large=1e-5)
    limit = {"budget": {"per_query": {"usd": 0.0013}}}
    rag = make(models=dear, stages={**taking("large"), **retrieval}, objective=limit)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["report"]["path"]["retrieval"] == "none"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_used_up_limit_tries_fewer_passages(make, ask, how):
    context = {"context": {"options": {"long": {"chunks": 8}}}}
    rag = make(models=models(), stages={**taking("small"), **context})
    app = rag.build_graph().compile()
    full = call(app, how, ask(QUESTION))["rag"]["report"]
    assert len(full["passages"]) == 8
    prompt = make.models["small"].calls[-1][1]
    most = asyncio.run(make.models["small"].bound_prompt(prompt)) + 64
    limited = make(
        models=models(), stages={**taking("small"), **context},
        objective={"budget": {"per_query": {"tokens": most - 60}}},
    )  # fmt: skip
    out = call(limited.build_graph().compile(), how, ask(QUESTION))
    assert 1 <= len(out["rag"]["report"]["passages"]) < 8
    assert out["messages"][-1].text == "The bridge of town03 opened"


def test_a_limit_without_room_for_any_prompt_is_an_error(make, ask):
    rag = make(models=models(), objective={"budget": {"per_query": {"tokens": 100}}})
    with pytest.raises(BudgetExceeded, match=r"per_query\.tokens"):
        rag.build_graph().compile().invoke(ask(QUESTION))


@pytest.mark.slow
def test_a_timeout_leaves_time_for_another_model(make, ask):
    entries = {name: {"model": f"fake:{name}", "profile": {"seconds": {"call": 0.5}}} for name in PRICES}
    rag = make(models=entries, stages=taking("large"), objective={"budget": {"per_query": {"seconds": 1.0}}})
    app = rag.build_graph().compile()
    app.invoke(ask(QUESTION))  # opens the index, which takes time
    make.models["large"].script = lambda kind, text: "let me see WAIT"
    out = app.invoke(ask(QUESTION))
    assert out["rag"]["report"]["path"]["generator"] in ("small", "medium")
    assert out["messages"][-1].text == "The bridge of town03 opened"
    assert "too expensive: objective.budget.per_query.seconds" in out["rag"]["decisions"][-2]["reason"]


def test_ctrl_c_leaves_nothing_set_aside(make, ask, monkeypatch, tmp_path):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    budget = {"total": {"usd": 5.0}, "account": "interrupted"}
    rag = make(models=models(), objective={"budget": budget}, stages=taking("small"))
    app = rag.build_graph().compile()
    app.invoke(ask(QUESTION))
    make.models["small"].script = lambda kind, text: "let me see WAIT"
    began = len(make.models["small"].calls)

    def interrupt() -> None:
        while len(make.models["small"].calls) == began:
            time.sleep(0.005)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # wakes it from its wait

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        app.invoke(ask(QUESTION))
    until = time.monotonic() + 60
    while rag.budget()["usd"]["set_aside"] and time.monotonic() < until:
        time.sleep(0.02)
    assert rag.budget()["usd"]["set_aside"] == 0
