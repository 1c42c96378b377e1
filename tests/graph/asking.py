"""What the tests of budgets that ask have in common."""

import asyncio
import json

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

QUESTION = "When was the bridge of town03 opened?"
ANSWER = "The bridge of town03 opened"
PRICES = {"small": 0.001, "medium": 0.01, "large": 0.1, "helper": 0.0}
DEAR = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}, "joules": {"call": 1000 * price}}}
    for name, price in PRICES.items()
}
ESCALATING = {
    "verification": {
        "options": ["accept", "escalate", "abstain"],
        "verifiers": ["unanswerable"],
        "router": "thresholds",
        "escalate": {"unanswerable": "generator"},
        "max_escalations": 2,
    }
}
both = pytest.mark.parametrize("how", ["sync", "async"])


def asking(make, usd, stages=None, *, budget=None, **changes):
    """Return an object that asks for more money per query."""
    budget = {"per_query": {"usd": usd}, "exhausted": "ask", **(budget or {})}
    return make(models=DEAR, objective={"budget": budget}, stages=stages, **changes)


def escalating(make, usd=0.0015, **changes):
    """Return an object whose small model declines, and whose next model does not fit."""
    make.scripts["small"] = lambda kind, text: "unanswerable"
    return asking(make, usd, ESCALATING, **changes)


class Thread:
    """One thread of a graph with a checkpointer, by its synchronous or its asynchronous face."""

    def __init__(self, app, how="sync", name="1", **configurable):
        self.app, self.how = app, how
        self.config = {"configurable": {"thread_id": name, **configurable}}

    def __call__(self, given):
        if self.how == "sync":
            return self.app.invoke(given, self.config)
        return asyncio.run(self.app.ainvoke(given, self.config))

    def resume(self, answer):
        return self(Command(resume=answer))


def thread(rag, how="sync", **configurable):
    return Thread(rag.build_graph().compile(checkpointer=InMemorySaver()), how, **configurable)


def request(out):
    (asked,) = out["__interrupt__"]
    json.dumps(asked.value)  # plain JSON
    return asked.value


def calls(make):
    return {name: len(model.calls) for name, model in make.models.items() if model.calls}


def lines(out):
    return {line["id"]: (line["stage"], line["label"], line["cost"]) for line in out["rag"]["account"]}
