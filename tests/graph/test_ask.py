"""``exhausted: ask``: the graph is interrupted before it pays what does not fit, and goes on either way."""

import asyncio
import json
import logging
import time
from itertools import pairwise
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command, Send

from dynamicrag import BudgetExceeded, RagChannel

QUESTION = "When was the bridge of town03 opened?"
PRICES = {"small": 0.001, "medium": 0.01, "large": 0.1, "helper": 0.0}
DEAR = {name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}}} for name, price in PRICES.items()}
ESCALATING = {
    "verification": {
        "options": ["accept", "escalate", "abstain"],
        "verifiers": ["unanswerable"],
        "router": "thresholds",
        "escalate": {"unanswerable": "generator"},
        "max_escalations": 2,
    }
}


@pytest.fixture
def asking(make):
    """Return a function that makes an object which asks for more money per query."""

    def of(usd, stages=None, **changes):
        budget = {"per_query": {"usd": usd}, "exhausted": "ask", **changes.pop("budget", {})}
        return make(models=DEAR, objective={"budget": budget}, stages=stages, **changes)

    return of


class Thread:
    """One thread of a graph with a checkpointer, by its synchronous or its asynchronous face."""

    def __init__(self, app, how="sync", name="1"):
        self.app, self.how, self.config = app, how, {"configurable": {"thread_id": name}}

    def __call__(self, given):
        if self.how == "sync":
            return self.app.invoke(given, self.config)
        return asyncio.run(self.app.ainvoke(given, self.config))

    def resume(self, answer):
        return self(Command(resume=answer))


def thread(rag, how="sync", **compiled):
    return Thread(rag.build_graph().compile(checkpointer=InMemorySaver(), **compiled), how)


def request(out):
    (asked,) = out["__interrupt__"]
    json.dumps(asked.value)  # plain JSON
    return asked.value


def calls(make):
    return {name: len(model.calls) for name, model in make.models.items() if model.calls}


def lines(out):
    return {line["id"]: (line["stage"], line["label"], line["cost"]) for line in out["rag"]["account"]}


both = pytest.mark.parametrize("how", ["sync", "async"])


@both
def test_before_a_draft_it_asks_and_goes_on_where_it_stopped(asking, make, ask, how):
    chat = thread(asking(0.0005), how)
    asked = request(chat(ask(QUESTION)))
    assert (asked["type"], asked["stage"], asked["question"]) == ("budget", "retrieval", QUESTION)
    assert asked["limits"] == asked["left"] == {"usd": 0.0005}
    assert asked["spent"] == {"usd": 0.0}
    assert not asked["answered"]
    (offer,) = asked["offers"]
    assert offer["extra"] == {"usd": 0.0005}, "the limit and this pay for the cheapest model"
    assert calls(make) == {}
    out = chat.resume(True)
    assert out["messages"][-1].text == "The bridge of town03 opened"
    assert calls(make) == {"small": 1}
    report = out["rag"]["report"]
    assert report["cost"]["usd"]["value"] == pytest.approx(0.001)
    assert report["asked"] == [{"stage": "retrieval", "offers": [offer], "granted": {"usd": 0.0005}}]
    assert report["bounded"] == ""
    assert out["rag"]["decisions"][0]["asked"]["granted"] == {"usd": 0.0005}


@both
def test_refused_without_a_draft_it_abstains_and_pays_nothing(asking, make, ask, how):
    chat = thread(asking(0.0005, ESCALATING), how)
    before = chat(ask(QUESTION))
    out = chat.resume(False)
    report = out["rag"]["report"]
    assert (report["abstained"], report["bounded"]) == (True, "usd: refused more budget")
    assert report["asked"][0]["granted"] is None
    assert calls(make) == {}
    assert lines(out) == lines(before)
    last = out["rag"]["decisions"][-1]
    assert (last["stage"], last["chosen"], last["router"]) == ("verification", "abstain", "budget")
    assert last["binding"] == "usd: refused more budget"
    assert last["asked"] == report["asked"][0]
