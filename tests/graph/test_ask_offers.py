"""Offers ask for what is needed, and no less: granted, they lead to a draft."""

import pytest

from .asking import DEAR, ESCALATING, QUESTION, asking, calls, request, thread

CHEAP, MIDDLE = ({"usd": {"input": price, "output": 4 * price}} for price in (1e-6, 1e-5))
PER_TOKEN = {
    **DEAR,
    "small": {"model": "fake:small", "profile": CHEAP},
    "medium": {"model": "fake:medium", "profile": MIDDLE},
}
TWO = {"generator": {"options": ["small", "medium"], "router": {"fixed": {"option": "small"}}}}


def test_the_cheapest_offer_asks_for_no_dimension_that_suffices(make, ask):
    """The tokens lack alike for every model, and the planned model's money suffices."""
    rag = asking(make, 0.005, budget={"per_query": {"usd": 0.005, "tokens": 100}})
    chat = thread(rag)
    asked = request(chat(ask(QUESTION)))
    assert list(asked["offers"][0]["extra"]) == ["tokens"]
    chat.resume(True)
    assert calls(make) == {"small": 1}


@pytest.mark.parametrize("question", [QUESTION, QUESTION + " Please." * 60, f"{QUESTION} {'☃' * 300}"])
@pytest.mark.parametrize("limits", [{"usd": 1e-5}, {"tokens": 100}, {"usd": 1e-4, "tokens": 200}])
def test_one_grant_before_a_draft_leads_to_a_draft(make, ask, question, limits):
    objective = {"budget": {"per_query": limits, "exhausted": "ask"}}
    chat = thread(make(models=PER_TOKEN, objective=objective, stages=TWO))
    request(chat(ask(question)))
    out = chat.resume(True)
    assert "__interrupt__" not in out
    assert calls(make) == {"small": 1}
    assert out["rag"]["report"]["drafts"]["written"] == 1


@pytest.mark.parametrize("question", [QUESTION, QUESTION + " Please." * 60, f"{QUESTION} {'☃' * 300}"])
def test_one_grant_for_a_step_up_leads_to_its_draft(make, ask, question):
    make.scripts["small"] = lambda kind, text: "unanswerable"
    objective = {"budget": {"per_query": {"usd": 0.004}, "exhausted": "ask"}}
    chat = thread(make(models=PER_TOKEN, objective=objective, stages={**ESCALATING, **TWO}))
    assert request(chat(ask(question)))["stage"] == "verification"
    out = chat.resume(True)
    assert "__interrupt__" not in out
    assert calls(make) == {"small": 1, "medium": 1}
